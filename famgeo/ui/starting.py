"""What has to hold before the app may start, so that a wrong setting is no open door."""

from importlib.util import find_spec

from streamlit.auth_util import validate_auth_credentials
from streamlit.errors import StreamlitAuthError
from streamlit.runtime.secrets import secrets_singleton

from famgeo.errors import StudyError
from famgeo.settings import Settings, SignIn
from famgeo.study.study import Study

KEY_LENGTH = 32

NOT_ALONE = (
    "Without sign-in the app serves this computer alone, but {where}. Set FAMGEO_SIGN_IN to local, "
    "proxy or oidc, or unset that."
)
NO_STUDY = "Whoever may sign in is written in a study, and none is named. Start: famgeo app STUDY"
NOBODY = (
    "Nobody can sign in to {name} yet. Add a steward first: "
    "famgeo user add {folder} NAME --role steward"
)
IN_THE_CLEAR = (
    "Passwords would travel unprotected to {address}. Put a proxy that speaks https in front and "
    "set FAMGEO_HTTPS=true, or unset FAMGEO_ADDRESS."
)
NO_PROXY = (
    "FAMGEO_SIGN_IN is proxy, but no proxy is named, so anybody could claim any name. Set "
    "FAMGEO_PROXY_ADDRESSES to the addresses your proxy connects from."
)
ANY_PROXY = (
    "FAMGEO_PROXY_ADDRESSES names everybody, so anybody could claim any name. "
    "Name only the addresses your proxy connects from."
)
NO_AUTHLIB = (
    "FAMGEO_SIGN_IN is oidc, which needs two more packages. Install them: pip install famgeo[oidc]"
)
NO_SECRETS = "FAMGEO_SIGN_IN is oidc, but .streamlit/secrets.toml cannot be used: {why}"
SHORT_KEY = (
    "FAMGEO_SIGN_IN is oidc, but cookie_secret in .streamlit/secrets.toml is shorter than "
    "{length} characters, so a session could be forged. Put a random text there."
)


def check_start(settings: Settings, study: Study | None) -> None:
    """Refuse settings under which somebody could come in who should not.

    Raises
    ------
    StudyError
        In one sentence: what is open, and what closes it.
    """
    if settings.sign_in is SignIn.NONE:
        _check_alone(settings)
        return
    if study is None:
        raise StudyError(NO_STUDY)
    CHECKS[settings.sign_in](settings, study)


def _check_alone(settings: Settings) -> None:
    if not settings.address.is_loopback:
        raise StudyError(NOT_ALONE.format(where=f"FAMGEO_ADDRESS is {settings.address}"))
    if settings.hosts:
        raise StudyError(NOT_ALONE.format(where=f"FAMGEO_HOSTS is {', '.join(settings.hosts)}"))


def _check_local(settings: Settings, study: Study) -> None:
    if not settings.address.is_loopback and not settings.https:
        raise StudyError(IN_THE_CLEAR.format(address=settings.address))
    if not study.store.accounts.somebody_can_sign_in():
        raise StudyError(NOBODY.format(name=study.settings.name, folder=study.folder.name))


def _check_proxy(settings: Settings, _study: Study) -> None:
    if not settings.proxy_addresses:
        raise StudyError(NO_PROXY)
    if any(network.prefixlen == 0 for network in settings.proxy_addresses):
        raise StudyError(ANY_PROXY)


def _check_oidc(_settings: Settings, _study: Study) -> None:
    if find_spec("authlib") is None or find_spec("httpx") is None:
        raise StudyError(NO_AUTHLIB)
    try:
        validate_auth_credentials("default")
    except StreamlitAuthError as error:
        raise StudyError(NO_SECRETS.format(why=" ".join(str(error).split()))) from None
    if len(str(secrets_singleton["auth"]["cookie_secret"])) < KEY_LENGTH:
        raise StudyError(SHORT_KEY.format(length=KEY_LENGTH))


CHECKS = {
    SignIn.LOCAL: _check_local,
    SignIn.PROXY: _check_proxy,
    SignIn.OIDC: _check_oidc,
}
