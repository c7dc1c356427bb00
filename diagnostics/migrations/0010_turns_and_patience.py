import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("diagnostics", "0009_what_of_sites_could_be_seen"),
        ("sites", "0010_read_only_mode"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConnectionPause",
            fields=[
                (
                    "host",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="pause",
                        serialize=False,
                        to="sites.host",
                    ),
                ),
                ("failures", models.PositiveIntegerField(default=0)),
                ("until", models.DateTimeField()),
                ("last_error", models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name="ConnectionLease",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slot", models.PositiveIntegerField(null=True)),
                ("holder", models.CharField(max_length=100)),
                ("urgent", models.BooleanField(default=False)),
                ("purpose", models.CharField(blank=True, max_length=20)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                (
                    "host",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="leases", to="sites.host"),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("host", "slot"), name="one_connection_per_slot")],
            },
        ),
    ]
