"""What a query may ask by name besides fields: columns of the envelope, times, and groups of fields."""

from wardwatch.pipeline.lake.columns import COLUMNS, LOGSOURCE

IP = "ip"  # a term of this name looks at every field that holds addresses
PATIENT = "patient"  # … at every field that identifies patients

# Columns that are asked by their own names; all other names are those of fields.
ENVELOPE = {
    "tenant": "tenant", "host": "host", "user": '"user"', "source": "source", "record_id": "record_id",
    "event_id": "lower(hex(event_id))", "time_quality": "time_quality",
    **{term: term for term in LOGSOURCE},
}  # fmt: skip
TIMES = {"time": "occurred_at", "@timestamp": "occurred_at", "occurred_at": "occurred_at", "received_at": "received_at"}

# Fields that hold addresses, in the names of all sources: what `ip:` looks at.
ADDRESSES = (
    "SourceIp", "DestinationIp", "IpAddress", "ClientAddress", "RemoteAddress", "RequestorAddress", "AgentAddress",
    "NetworkAccessPointID", "src_ip", "dst_ip", "dest_ip", "src", "dst", "srcip", "dstip", "remip", "id.orig_h",
    "id.resp_h", "tx_hosts", "rx_hosts", "answers", "c-ip", "s-ip", "ClientIP", "callerIpAddress", "ipAddress",
    "SourceAddress", "DestAddress", "SourceNetworkAddress", "addr", "rhost",
)  # fmt: skip

SEPARATOR = "\x1f"  # between the values of an event, where they are searched at once
ALL_VALUES = (
    f"concat_ws('{SEPARATOR}', host, \"user\", {', '.join(COLUMNS.values())}, "
    f"array_to_string(map_values(fields), '{SEPARATOR}'))"
)
