"""What no application code can get around: exactly one active model; unit vectors.

The trigger is deferred, so that a switch may pass through a moment with none.
"""

from django.db import migrations

ONE_ACTIVE = """
CREATE FUNCTION people_one_active_model() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM people_embeddingmodel WHERE state = 'active') THEN
        RAISE EXCEPTION 'one embedding model must be active' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER people_one_active_model
    AFTER UPDATE OR DELETE ON people_embeddingmodel
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.state = 'active') EXECUTE FUNCTION people_one_active_model();
"""

UNIT = """
ALTER TABLE people_faceembedding ADD CONSTRAINT faceembedding_unit
    CHECK (abs(vector_norm(vector) - 1) < 0.001);
ALTER TABLE people_template ADD CONSTRAINT template_unit
    CHECK (abs(vector_norm(vector) - 1) < 0.001);
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]

    operations = [
        migrations.RunSQL(
            ONE_ACTIVE,
            "DROP TRIGGER people_one_active_model ON people_embeddingmodel;"
            "DROP FUNCTION people_one_active_model();",
        ),
        migrations.RunSQL(
            UNIT,
            "ALTER TABLE people_faceembedding DROP CONSTRAINT faceembedding_unit;"
            "ALTER TABLE people_template DROP CONSTRAINT template_unit;",
        ),
    ]
