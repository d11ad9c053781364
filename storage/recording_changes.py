"""The database itself notes when segments come, go or move, whoever does it and by whichever statement.

So a note is there exactly when the change is: both are of one transaction, and notes only ever get added by writers,
who therefore never wait for each other or for a reader. Triggers are no part of the models, so they are made here,
after the migrations; one that is changed needs a new name.
"""

from sqlalchemy import Connection, inspect, text

_POSTGRES_FUNCTIONS = (
    """
    CREATE OR REPLACE FUNCTION note_changed_segments() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO recording_change (camera_id, start, "end")
        SELECT camera_id, min(start), max("end") FROM changed GROUP BY camera_id, date_trunc('day', start);
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION note_moved_segment() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO recording_change (camera_id, start, "end")
        VALUES (OLD.camera_id, OLD.start, OLD."end"), (NEW.camera_id, NEW.start, NEW."end");
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
}
_OLD, _NEW = '(OLD.camera_id, OLD.start, OLD."end")', '(NEW.camera_id, NEW.start, NEW."end")'
_SQLITE_TRIGGERS = {
    "segment_added": f"AFTER INSERT ON segment BEGIN {{note}} {_NEW}; END",
    "segment_removed": f"AFTER DELETE ON segment BEGIN {{note}} {_OLD}; END",
    "segment_moved": f'AFTER UPDATE OF camera_id, start, "end" ON segment BEGIN {{note}} {_OLD}, {_NEW}; END',
}
_SQLITE_NOTE = 'INSERT INTO recording_change (camera_id, start, "end") VALUES'


def install_triggers(connection: Connection) -> None:
    """Makes those that are missing; does nothing while there are no tables."""
    if not inspect(connection).has_table("recording_change"):
        return
    if connection.dialect.name == "postgresql":
        _install_on_postgres(connection)
    else:
        for name, what in _SQLITE_TRIGGERS.items():
            connection.execute(text(f"CREATE TRIGGER IF NOT EXISTS {name} {what.format(note=_SQLITE_NOTE)}"))


def _install_on_postgres(connection: Connection) -> None:
    """Only what is missing: making a trigger waits for everybody who writes segments."""
    found = connection.execute(text("SELECT tgname FROM pg_trigger WHERE tgrelid = 'segment'::regclass"))
    missing = _POSTGRES_TRIGGERS.keys() - set(found.scalars())
    if not missing:
        return
    for function in _POSTGRES_FUNCTIONS:
        connection.execute(text(function))
    for name in sorted(missing):
        connection.execute(text(f"CREATE TRIGGER {name} {_POSTGRES_TRIGGERS[name]}"))
