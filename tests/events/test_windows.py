import pytest

from wardwatch.events.logsource import LogSource, covers
from wardwatch.events.windows import SYSMON, fields_for, is_windows, log_source


@pytest.mark.parametrize(
    ("channel", "event_id", "event_type", "expected"),
    [
        ("Security", "4688", "", LogSource("windows", "process_creation", "security")),
        ("SECURITY", "4624", "", LogSource("windows", None, "security")),
        (SYSMON, "1", "", LogSource("windows", "process_creation", "sysmon")),
        (SYSMON, "3", "", LogSource("windows", "network_connection", "sysmon")),
        (SYSMON, "10", "", LogSource("windows", "process_access", "sysmon")),
        (SYSMON, "11", "", LogSource("windows", "file_event", "sysmon")),
        (SYSMON, "12", "CreateKey", LogSource("windows", "registry_add", "sysmon")),
        (SYSMON, "12", "DeleteValue", LogSource("windows", "registry_delete", "sysmon")),
        (SYSMON, "12", "", LogSource("windows", "registry_event", "sysmon")),
        (SYSMON, "13", "SetValue", LogSource("windows", "registry_set", "sysmon")),
        (SYSMON, "22", "", LogSource("windows", "dns_query", "sysmon")),
        (SYSMON, "24", "", LogSource("windows", "clipboard_capture", "sysmon")),
        (SYSMON, "999", "", LogSource("windows", None, "sysmon")),
        ("Microsoft-Windows-PowerShell/Operational", "4104", "", LogSource("windows", "ps_script", "powershell")),
        ("Windows PowerShell", "400", "", LogSource("windows", "ps_classic_start", "powershell-classic")),
        ("Microsoft-Windows-Windows Defender/Operational", "1116", "", LogSource("windows", None, "windefend")),
        ("DNS Server", "150", "", LogSource("windows", None, "dns-server")),
        ("No such channel", "1", "", LogSource("windows", None, None)),
    ],
)
def test_log_sources(channel: str, event_id: str, event_type: str, expected: LogSource) -> None:
    assert log_source(channel, event_id, event_type) == expected


@pytest.mark.parametrize(
    ("rule", "event", "expected"),
    [
        (LogSource("windows"), LogSource("windows", "process_creation", "sysmon"), True),
        (LogSource(None, "process_creation"), LogSource("windows", "process_creation", "security"), True),
        (LogSource("linux", "process_creation"), LogSource("windows", "process_creation", None), False),
        (LogSource("windows", None, "sysmon"), LogSource("windows", "process_creation", None), False),
        (LogSource("windows", "registry_event"), LogSource("windows", "registry_set", "sysmon"), True),
        (LogSource("windows", "registry_set"), LogSource("windows", "registry_event", "sysmon"), False),
        (LogSource("windows", "file_delete"), LogSource("windows", "file_delete_detected", "sysmon"), False),
        (LogSource("windows", "clipboard_change"), LogSource("windows", "clipboard_capture", "sysmon"), True),
        (LogSource("windows", "clipboard_capture"), LogSource("windows", "clipboard_capture", "sysmon"), True),
        (
            LogSource("windows", None, "servicebus-client"),
            LogSource("windows", None, "microsoft-servicebus-client"),
            True,
        ),
        (LogSource("windows", "registry_event"), LogSource("windows", None, "security"), False),
        (LogSource(), LogSource("linux"), True),
    ],
)
def test_what_a_rule_covers(rule: LogSource, event: LogSource, *, expected: bool) -> None:
    assert covers(rule, event) is expected


CHANNELS = (
    *("Security", "System", SYSMON, "Windows PowerShell", "No such channel", "Microsoft-ServiceBus-Client/Admin"),
)


@pytest.mark.parametrize("channel", CHANNELS)
def test_no_rule_that_covers_a_windows_event_is_taken_for_another_system_s(channel: str) -> None:
    """`is_windows` decides which keywords are looked for in raw events: it must not leave out any."""
    for number in [*range(30), 255, 400, 600, 800, 4103, 4104, 4688]:
        event = log_source(channel, str(number), "CreateKey")
        for rule in (
            event,
            LogSource(event.product),
            LogSource(None, event.category),
            LogSource(None, None, event.service),
            LogSource("windows", "registry_event"),
            LogSource("windows", "clipboard_change"),
            LogSource("windows", None, "servicebus-client"),
        ):
            if covers(rule, event):
                assert is_windows(rule), rule
    assert not is_windows(LogSource("linux"))
    assert not is_windows(LogSource(None, "webserver"))


def test_names_of_fields() -> None:
    assert fields_for("security", "4688", "NewProcessName") == ("NewProcessName", "Image")
    assert fields_for("security", "4688", "CommandLine") == ("CommandLine",)
    assert fields_for("security", "4624", "NewProcessName") == ("NewProcessName",)
    assert fields_for("windefend", "1116", "Threat Name") == ("Threat Name", "ThreatName")
