"""An attendance event is never changed or deleted; a correction is a new row.

Only an erased person or account is taken out of it.
"""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION recognition_attendance_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    links text[] := ARRAY['person_id', 'corrected_by_id'];
BEGIN
    IF TG_OP = 'UPDATE'
        AND to_jsonb(NEW) - links = to_jsonb(OLD) - links
        AND (NEW.person_id IS NULL OR NEW.person_id = OLD.person_id)
        AND (NEW.corrected_by_id IS NULL OR NEW.corrected_by_id = OLD.corrected_by_id)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'attendance events are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER recognition_attendance_append_only
    BEFORE UPDATE OR DELETE ON recognition_attendanceevent
    FOR EACH ROW EXECUTE FUNCTION recognition_attendance_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("recognition", "0004_attendance")]

    operations = [
        migrations.RunSQL(
            APPEND_ONLY,
            "DROP TRIGGER recognition_attendance_append_only ON recognition_attendanceevent;"
            "DROP FUNCTION recognition_attendance_append_only();",
        ),
    ]
