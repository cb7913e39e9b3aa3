"""People are invited out of a table; each wrong row is named, and nobody is invited where the actor may not."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.cast import CLUSTER, FAR, HERE, NOW, Cast

from wardwatch.estate.importing import rows_of_csv
from wardwatch.kernel.errors import InputError
from wardwatch.records.models import InvitationRow
from wardwatch.usecases import clock
from wardwatch.usecases.inviting import invite_many

TABLE = f"""E-mail;Rôle;Établissement;Groupement
ana@h.example;analyst;{HERE};
bea@h.example;Cadre de service;{HERE};
cy@h.example;nurse;{HERE};
not an address;analyst;{HERE};
dan@h.example;analyst;{FAR};
eve@h.example;analyst;{HERE};{CLUSTER}
fay@h.example;analyst;;{CLUSTER}
gus@h.example;administrator;{HERE};

hal@h.example;Analyste;{HERE};
"""


def test_right_rows_are_invited_and_wrong_ones_named(cast: Cast) -> None:
    invited, refused = invite_many(cast.actor("ciso"), rows_of_csv(TABLE.encode()), NOW)
    assert [(one.row, one.email, one.role) for one in invited] == [
        (2, "ana@h.example", "analyst"),
        (3, "bea@h.example", "ward_lead"),
        (11, "hal@h.example", "analyst"),
    ]
    assert [one.row for one in refused] == [4, 5, 6, 7, 8, 9]
    kept = InvitationRow.objects.order_by("email").values_list("email", "role", "organisation")
    assert list(kept) == [
        (f"{name}@h.example", role, HERE)
        for name, role in (("ana", "analyst"), ("bea", "ward_lead"), ("hal", "analyst"))
    ]
    assert len({one.secret for one in invited}) == 3


def test_a_table_without_its_columns_is_refused(cast: Cast) -> None:
    for table in ("", "email;role\na@b.example;analyst\n", "x;y;z\n"):
        with pytest.raises(InputError):
            invite_many(cast.actor("ciso"), rows_of_csv(table.encode()), NOW)


def test_the_page_shows_links_and_what_was_left_out(cast: Cast) -> None:
    client = Client()
    client.force_login(cast["ciso"])
    with clock.at(NOW):
        file = SimpleUploadedFile("people.csv", TABLE.encode())
        page = client.post("/people/invite-table", {"file": file}).content.decode()
        assert page.count("/welcome/") == 3
        assert "6 rows were left out" in page
        assert client.post("/people/invite-table").status_code == 422
