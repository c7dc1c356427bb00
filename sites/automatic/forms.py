"""What an owner types about repairs without a person: for one site, and for many."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from sites.automatic.policy import ALL_DAY, CERTAIN, KINDS, LIKELY, MOST_PER_DAY, SET_ASIDE, Policy
from sites.windows.forms import zones

_hour = lazy(lambda hour: _now("midnight") if hour in ALL_DAY else f"{hour:02d}:00", str)


class AutomaticForm(forms.Form):
    """Which repairs, how sure, when, how often, and whether a second person has to say yes. No kind chosen: none is made."""

    kinds = forms.MultipleChoiceField(
        label=_("Repairs that may be made without asking"),
        required=False,
        choices=list(KINDS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "None chosen: none is made. Each can be undone, is looked at right after it was made, and is put back at once if it did not "
            "help. What keeps visitors out of something is never taken away, and nothing is made that needs an answer from a person."
        ),
    )
    sets_aside = forms.BooleanField(
        label=_("Without a person, WordPress plugins may be set aside"),
        required=False,
        help_text=_("The same setting as on the page “Edit”: it also counts for “repair --yes”."),
    )
    confidence = forms.TypedChoiceField(
        label=_("Only when the cause is"),
        choices=[(CERTAIN, _("certain")), (LIKELY, _("certain or likely"))],
        coerce=float,
        initial=CERTAIN,
        help_text=_("Certain means: the server's log, or what was read, proves it."),
    )
    from_hour = forms.TypedChoiceField(
        label=_("May begin from"), choices=[(hour, _hour(hour)) for hour in range(24)], coerce=int, initial=0
    )
    until_hour = forms.TypedChoiceField(
        label=_("Until"),
        choices=[(hour, _hour(hour)) for hour in range(1, 25)],
        coerce=int,
        initial=24,
    )
    zone = forms.ChoiceField(
        label=_("Time zone of the site"),
        choices=zones,
        help_text=_("The hours are those of this zone. From midnight until midnight is always; from 22:00 until 06:00 is the night."),
    )
    per_day = forms.IntegerField(
        label=_("At most on one day"),
        min_value=1,
        max_value=MOST_PER_DAY,
        initial=2,
        help_text=_("Counted from midnight to midnight in that time zone. What comes after waits for a person."),
    )
    approval = forms.BooleanField(
        label=_("A second person has to say yes first"),
        required=False,
        help_text=_(
            "The repair is made ready and mailed to the other owners and editors of the team. One of them sees the exact change and says "
            "yes or no; whoever saves this page cannot. Without a yes within 8 hours, or before the hours above end, nothing is changed."
        ),
    )

    def __init__(self, *args: Any, held: Policy | None = None, sets_aside: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial |= {"zone": str(timezone.localtime().tzinfo), "sets_aside": sets_aside}
        if held is not None and held.is_on:
            self.initial |= {
                "kinds": list(held.kinds), "confidence": held.confidence, "from_hour": held.from_hour, "until_hour": held.until_hour,
                "zone": held.zone, "per_day": held.per_day, "approval": held.approval,
            }  # fmt: skip
        known = self.fields["zone"].choices
        if self.initial["zone"] not in dict(known):
            self.fields["zone"].choices = [(self.initial["zone"], self.initial["zone"]), *known]

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("from_hour") == values.get("until_hour") and "from_hour" in values:
            self.add_error("until_hour", _("Another hour than the first. From midnight until midnight is always."))
        if SET_ASIDE in values.get("kinds", ()) and not values.get("sets_aside"):
            self.add_error("sets_aside", ValidationError(_("To have plugins set aside by themselves, tick this too.")))
        return values

    def policy(self, user_id: int) -> Policy:
        """What was chosen, by this person."""
        values = self.cleaned_data
        chosen = set(values["kinds"])
        return Policy(
            tuple(kind for kind in KINDS if kind in chosen),
            **{name: values[name] for name in ("confidence", "from_hour", "until_hour", "zone", "per_day", "approval")},
            by=user_id,
        )


class ManyAutomaticForm(AutomaticForm):
    """The same for many sites, which may differ in whether plugins may be set aside."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sets_aside"].help_text = _("Without a tick each site keeps what it says of this now.")
