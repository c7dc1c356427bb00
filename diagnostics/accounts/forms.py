"""A list to import: pasted or as a file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from sites.importing.reading import decoded
from sites.importing.sources import Parsed, Unreadable, parse_file, parse_text
from sites.models import Team

from .importing import MOST_FROM_WEB

MOST_BYTES = 5 * 1024 * 1024
MOST_PASTED = 1_000_000  # characters


class ImportForm(forms.Form):
    """Either field is enough. What was read is in `parsed` afterwards."""

    text = forms.CharField(
        label=_("Paste a list"),
        required=False,
        strip=False,
        max_length=MOST_PASTED,
        widget=forms.Textarea(
            attrs={
                "rows": 8,
                "class": "mono",
                "spellcheck": "false",
                "placeholder": "https://www.example.org/\nBakery, https://bakery.example/",
            }
        ),
        help_text=_("One address per line, or name and address. Or rows with a header, copied from a spreadsheet."),
    )
    file = forms.FileField(
        label=_("Or choose a file"),
        required=False,
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.json,text/csv,text/plain,application/json"}),
        help_text=_("CSV, or an export of Uptime Kuma, UptimeRobot or MainWP. At most 5 MB and 10,000 rows."),
    )
    team = forms.ModelChoiceField(Team.objects.none(), label=_("Team that owns them"), empty_label=None)

    def __init__(self, *args: Any, teams: list[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parsed: Parsed | None = None
        self.fields["team"].queryset = Team.objects.filter(pk__in=[team.pk for team in teams])
        self.fields["team"].initial = teams[0].pk
        if len(teams) == 1:
            del self.fields["team"]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > MOST_BYTES:
            raise ValidationError(_("The file is larger than 5 MB. Split it, or use import_sites on the command line."))
        return file

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if self.errors:
            return values
        file, text = values.get("file"), values.get("text", "")
        if file and text.strip():
            raise ValidationError(_("Give either a list or a file, not both."))
        if not file and not text.strip():
            raise ValidationError(_("Paste a list or choose a file."))
        try:
            self.parsed = self._parsed(file, text)
        except Unreadable as error:
            self.add_error("file" if file else "text", str(error))
        return values

    @staticmethod
    def _parsed(file: Any, text: str) -> Parsed:
        if not file:
            return parse_text(text, MOST_FROM_WEB)
        data = file.read()
        if file.name.lower().endswith(".txt"):
            return parse_text(decoded(data), MOST_FROM_WEB)
        return parse_file(data, MOST_FROM_WEB)
