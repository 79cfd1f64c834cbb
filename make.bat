@echo off
rem The plain words of this project on Windows: .\make demo and .\make test.
setlocal
cd /d "%~dp0"
set "BIN=.venv\Scripts"
set "WORD=%~1"
set "REST="
:rest
shift
if not "%~1"=="" (set "REST=%REST% %1" & goto rest)

set "PY="
for %%V in (3.13 3.12 3.11 3.14) do if not defined PY py -%%V -c "" >nul 2>&1 && set "PY=py -%%V"
if not defined PY python -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))" >nul 2>&1 && set "PY=python"
if not defined PY goto nopython

if "%WORD%"=="demo" goto demo
if "%WORD%"=="run" goto run
if "%WORD%"=="test" goto test
echo .\make demo    plan a meeting for the sample district and open the app
echo .\make run     open the app on your own study: .\make run my-district
echo .\make test    run the tests
exit /b 0

:demo
%PY% tools\prepare.py run || exit /b 1
"%BIN%\famgeo" demo%REST%
exit /b %ERRORLEVEL%

:run
%PY% tools\prepare.py run || exit /b 1
"%BIN%\famgeo" app%REST%
exit /b %ERRORLEVEL%

:test
%PY% tools\prepare.py test || exit /b 1
"%BIN%\python" -m pytest -n 2 --dist loadgroup -m "not bench and not slow"%REST%
exit /b %ERRORLEVEL%

:nopython
echo famgeo needs Python 3.11, 3.12, 3.13 or 3.14. Install one, with "Add to PATH" ticked, and run this again.
exit /b 1
