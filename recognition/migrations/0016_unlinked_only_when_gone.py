"""A person, an account or a gallery is taken out of the record only when it is gone.

Django empties the reference before it deletes what was referred to, so this is looked at when the
transaction commits.
"""

from django.conf import settings
from django.db import migrations

GONE = """
CREATE FUNCTION recognition_unlinked_only_when_gone() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was bigint;
    is_there boolean;
BEGIN
    -- Arguments: a column, the table it refers to, the next column, …
    FOR n IN 0 .. TG_NARGS - 1 BY 2 LOOP
        was := to_jsonb(OLD) ->> TG_ARGV[n];
        CONTINUE WHEN was IS NULL OR to_jsonb(NEW) ->> TG_ARGV[n] IS NOT NULL;
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id = $1)', TG_ARGV[n + 1])
            INTO is_there USING was;
        IF is_there THEN
            RAISE EXCEPTION '% is append-only: % is still there', TG_TABLE_NAME, TG_ARGV[n]
                USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
"""
PERSON, GALLERY, ACCOUNT = "people_person", "people_gallery", "auth_user"
LINKS = {
    "recognition_attempt": {
        "claimed_id": PERSON,
        "found_id": PERSON,
        "gallery_id": GALLERY,
        "actor_id": ACCOUNT,
    },
    "recognition_modelchange": {"by_id": ACCOUNT},
    "recognition_attendanceevent": {"person_id": PERSON, "corrected_by_id": ACCOUNT},
}


def only_when_gone(table, links):
    arguments = ", ".join(f"'{column}', '{target}'" for column, target in links.items())
    return migrations.RunSQL(
        f"CREATE CONSTRAINT TRIGGER {table}_only_when_gone AFTER UPDATE ON {table}"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        f" EXECUTE FUNCTION recognition_unlinked_only_when_gone({arguments});",
        f"DROP TRIGGER {table}_only_when_gone ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("recognition", "0015_no_truncate_shift_lengths"),
        ("people", "0004_attendance"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(GONE, "DROP FUNCTION recognition_unlinked_only_when_gone();"),
        *(only_when_gone(table, links) for table, links in LINKS.items()),
    ]
