"""What alerts can share: names made alike, and what everybody has is nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.watch.watching import alert

from wardwatch.kernel.severity import Level
from wardwatch.watch import marks


@pytest.mark.parametrize(
    ("written", "name"),
    [("DC01.chu.example", "dc01"), (" dc01 ", "dc01"), ("10.4.9.2", "10.4.9.2"), ("fe90::1", "fe90::1"), ("", "")],
)
def test_names_of_hosts_are_made_alike(written: str, name: str) -> None:
    assert marks.host_name(written) == name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("CHU\\Ida", "ida"),
        ("ida@chu.example", "ida"),
        ("NT AUTHORITY\\SYSTEM", ""),
        ("PC01$", ""),
        ("Administrateur", ""),
        ("-", ""),
    ],
)
def test_names_of_accounts_are_made_alike(written: str, name: str) -> None:
    assert marks.user_name(written) == name


def test_indicators_are_found_in_fields() -> None:
    sha, md5 = "AB" * 32, "cd" * 16
    found = marks.of_alert(
        alert(
            "a",
            "pc",
            user="ida",
            fields={
                "Hashes": f"SHA256={sha},MD5={md5}",
                "IpAddress": "::ffff:185.220.101.7",
                "dst_ip": ["10.0.0.9", "127.0.0.1", 5],
                "QueryName": "Evil.example.",
                "WorkstationName": "\\\\PC-9",
                "CommandLine": "ping 8.8.8.8",
                "SourceIp": "999.1.1.1",
                "c-ip": "224.0.0.1",
                "query": "two words",
            },
            group={"ClientAddress": "2001:db8::2", "x": None},
        )
    )
    assert found == (
        "domain:evil.example",
        f"hash:{sha.lower()}",
        f"hash:{md5}",
        "host:pc",
        "host:pc-9",
        "ip:10.0.0.9",
        "ip:185.220.101.7",
        "ip:2001:db8::2",
        "user:ida",
    )


def test_the_rule_is_a_mark_where_it_is_grave_or_nothing_else_is_there() -> None:
    assert marks.of_alert(alert("a", "pc", level=Level.HIGH)) == ("host:pc", "rule:rule")
    assert marks.of_alert(alert("a", "pc", level=Level.LOW)) == ("host:pc",)
    assert marks.of_alert(alert("a", level=Level.LOW, user="SYSTEM")) == ("rule:rule",)


def test_an_address_as_a_host_is_the_address() -> None:
    assert marks.of_alert(alert("a", "10.0.0.9", level=Level.LOW)) == ("ip:10.0.0.9",)


def test_many_indicators_are_bounded() -> None:
    many = alert("a", fields={f"ip{n}": f"10.0.0.{n}" for n in range(100)})
    assert len(marks.of_alert(many)) == marks.MAX_INDICATORS


@given(
    st.dictionaries(
        st.text(max_size=12),
        st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text(), max_size=3)),
        max_size=5,
    ),
    st.text(),
    st.text(),
)
def test_no_field_breaks_it(fields, host, user) -> None:
    found = marks.of_alert(alert("a", host, user=user, fields=fields))
    assert found
    assert list(found) == sorted(set(found))
    assert all(
        marks.kind_of(one) in {"host", "user", "ip", "hash", "domain", "rule"} and marks.value_of(one) for one in found
    )
