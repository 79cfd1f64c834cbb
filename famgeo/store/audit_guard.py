"""What the database itself forbids about the audit: to change, drop or slip in an entry.

An entry is inserted after the newest, and never updated. It is deleted only when a recorded
``purge`` covers it: an entry of that action whose ``sha256`` is the hash of the last entry to go.
So the only way around the guard leaves its own entry, in the chain that stays.
"""

COVERED = """
    EXISTS (
        SELECT 1 FROM audit AS purge JOIN audit AS final ON final.hash = purge.sha256
        WHERE purge.action = 'purge' AND purge.seq > final.seq AND final.seq >= OLD.seq
    )
"""

NEXT = "NEW.seq = (SELECT coalesce(max(seq), 0) + 1 FROM audit)"

AUDIT_GUARD = {
    "sqlite": (
        f"""
        CREATE TRIGGER audit_insert BEFORE INSERT ON audit WHEN NOT ({NEXT})
        BEGIN SELECT RAISE(ABORT, 'an audit entry follows the newest one'); END
        """,
        """
        CREATE TRIGGER audit_update BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'an audit entry never changes'); END
        """,
        f"""
        CREATE TRIGGER audit_delete BEFORE DELETE ON audit WHEN NOT ({COVERED})
        BEGIN SELECT RAISE(ABORT, 'an audit entry goes only by a purge'); END
        """,
    ),
    "postgresql": (
        f"""
        CREATE OR REPLACE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' AND {NEXT} THEN RETURN NEW; END IF;
            IF TG_OP = 'DELETE' THEN
                IF {COVERED} THEN RETURN OLD; END IF;
            END IF;
            RAISE EXCEPTION 'the audit only grows at its end and goes only by a purge';
        END $$
        """,
        """
        CREATE TRIGGER audit_row BEFORE INSERT OR UPDATE OR DELETE ON audit
        FOR EACH ROW EXECUTE FUNCTION audit_guard()
        """,
        """
        CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION audit_guard()
        """,
    ),
}
"""Statements of each database, run once when the table is made."""
