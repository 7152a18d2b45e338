"""An Attempt is never changed or deleted; only a person who is erased is taken out of it."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION recognition_attempt_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    links text[] := ARRAY['claimed_id', 'found_id', 'gallery_id', 'actor_id'];
BEGIN
    IF TG_OP = 'UPDATE'
        AND to_jsonb(NEW) - links = to_jsonb(OLD) - links
        AND (NEW.claimed_id IS NULL OR NEW.claimed_id = OLD.claimed_id)
        AND (NEW.found_id IS NULL OR NEW.found_id = OLD.found_id)
        AND (NEW.gallery_id IS NULL OR NEW.gallery_id = OLD.gallery_id)
        AND (NEW.actor_id IS NULL OR NEW.actor_id = OLD.actor_id)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'attempts are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER recognition_attempt_append_only
    BEFORE UPDATE OR DELETE ON recognition_attempt
    FOR EACH ROW EXECUTE FUNCTION recognition_attempt_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("recognition", "0001_initial")]

    operations = [
        migrations.RunSQL(
            APPEND_ONLY,
            "DROP TRIGGER recognition_attempt_append_only ON recognition_attempt;"
            "DROP FUNCTION recognition_attempt_append_only();",
        ),
    ]
