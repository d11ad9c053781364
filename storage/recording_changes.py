"""The database itself notes when segments and gaps come, go or move, whoever does it and by whichever statement.

So a note is there exactly when the change is: both are of one transaction, and notes only ever get added by writers,
who therefore never wait for each other or for a reader. Triggers are no part of the models, so they are made here,
after the migrations; one that is changed needs a new name.

Gaps are noted as far as the calendar keeps them: one that has not ended counts as one that ends where it begins, and of
one that grows or shrinks at its end the time between both ends is noted.
"""

from collections.abc import Collection

from sqlalchemy import Connection, inspect, text

_POSTGRES_FUNCTIONS = (
    """
    CREATE OR REPLACE FUNCTION note_changed_segments() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO recording_change (camera_id, start, "end", of_gaps)
        SELECT camera_id, min(start), max("end"), false FROM changed GROUP BY camera_id, date_trunc('day', start);
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION note_moved_segment() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO recording_change (camera_id, start, "end", of_gaps)
        VALUES (OLD.camera_id, OLD.start, OLD."end", false), (NEW.camera_id, NEW.start, NEW."end", false);
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION note_changed_gap() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        before timestamptz := coalesce(OLD."end", OLD.start);
        after timestamptz := coalesce(NEW."end", NEW.start);
    BEGIN
        IF TG_OP = 'UPDATE' AND (OLD.camera_id, OLD.start, OLD.cause) = (NEW.camera_id, NEW.start, NEW.cause) THEN
            INSERT INTO recording_change (camera_id, start, "end", of_gaps)
            SELECT NEW.camera_id, least(before, after), greatest(before, after), true WHERE before <> after;
        ELSE
            INSERT INTO recording_change (camera_id, start, "end", of_gaps)
            SELECT OLD.camera_id, OLD.start, before, true WHERE OLD.start < before;
            INSERT INTO recording_change (camera_id, start, "end", of_gaps)
            SELECT NEW.camera_id, NEW.start, after, true WHERE NEW.start < after;
        END IF;
        RETURN NULL;
    END $$
    """,
)
_POSTGRES_TRIGGERS = {
    "segment_added": """
        AFTER INSERT ON segment REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION note_changed_segments()""",
    "segment_removed": """
        AFTER DELETE ON segment REFERENCING OLD TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION note_changed_segments()""",
    "segment_moved": """
        AFTER UPDATE OF camera_id, start, "end" ON segment
        FOR EACH ROW EXECUTE FUNCTION note_moved_segment()""",
    "gap_changed": """
        AFTER INSERT OR DELETE OR UPDATE OF camera_id, start, "end", cause ON gap
        FOR EACH ROW EXECUTE FUNCTION note_changed_gap()""",
}

_SQLITE_NOTE = 'INSERT INTO recording_change (camera_id, start, "end", of_gaps)'
_OLD = '{note} VALUES (OLD.camera_id, OLD.start, OLD."end", false)'
_NEW = '{note} VALUES (NEW.camera_id, NEW.start, NEW."end", false)'
_OLD_GAP = '{note} SELECT OLD.camera_id, OLD.start, OLD."end", true WHERE OLD.start < OLD."end"'
_NEW_GAP = '{note} SELECT NEW.camera_id, NEW.start, NEW."end", true WHERE NEW.start < NEW."end"'
_ENDS = 'coalesce(OLD."end", OLD.start), coalesce(NEW."end", NEW.start)'
_SAME_GAP = "(OLD.camera_id, OLD.start, OLD.cause) = (NEW.camera_id, NEW.start, NEW.cause)"
_SQLITE_TRIGGERS = {
    "segment_added": f"AFTER INSERT ON segment BEGIN {_NEW}; END",
    "segment_removed": f"AFTER DELETE ON segment BEGIN {_OLD}; END",
    "segment_moved": f'AFTER UPDATE OF camera_id, start, "end" ON segment BEGIN {_OLD}; {_NEW}; END',
    "gap_changed_by_adding": f"AFTER INSERT ON gap BEGIN {_NEW_GAP}; END",
    "gap_changed_by_removing": f"AFTER DELETE ON gap BEGIN {_OLD_GAP}; END",
    "gap_changed_at_its_end": f"""
        AFTER UPDATE OF "end" ON gap WHEN {_SAME_GAP}
        BEGIN {{note}} SELECT NEW.camera_id, min({_ENDS}), max({_ENDS}), true WHERE min({_ENDS}) < max({_ENDS}); END""",
    "gap_changed": f"""
        AFTER UPDATE OF camera_id, start, cause ON gap WHEN NOT {_SAME_GAP} BEGIN {_OLD_GAP}; {_NEW_GAP}; END""",
}

_ALL_GAPS = text("""
    INSERT INTO recording_change (camera_id, start, "end", of_gaps)
    SELECT camera_id, min(start), max("end"), true FROM gap WHERE start < "end" GROUP BY camera_id
""")
"""A database that has gaps and did not note them so far: the calendar knows none of them."""


def install_triggers(connection: Connection) -> None:
    """Makes those that are missing; does nothing while there are no tables."""
    if not inspect(connection).has_table("recording_change"):
        return
    made = (_install_on_postgres if connection.dialect.name == "postgresql" else _install_on_sqlite)(connection)
    if any(name.startswith("gap_") for name in made):
        connection.execute(_ALL_GAPS)


def _install_on_sqlite(connection: Connection) -> Collection[str]:
    found = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    missing = _SQLITE_TRIGGERS.keys() - set(found.scalars())
    for name in sorted(missing):
        connection.execute(text(f"CREATE TRIGGER {name} {_SQLITE_TRIGGERS[name].format(note=_SQLITE_NOTE)}"))
    return missing


def _install_on_postgres(connection: Connection) -> Collection[str]:
    """Only what is missing: making a trigger waits for everybody who writes segments or gaps."""
    found = connection.execute(
        text("SELECT tgname FROM pg_trigger WHERE tgrelid IN ('segment'::regclass, 'gap'::regclass)")
    )
    missing = _POSTGRES_TRIGGERS.keys() - set(found.scalars())
    if missing:
        for function in _POSTGRES_FUNCTIONS:
            connection.execute(text(function))
    for name in sorted(missing):
        connection.execute(text(f"CREATE TRIGGER {name} {_POSTGRES_TRIGGERS[name]}"))
    return missing
