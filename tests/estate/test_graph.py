"""The care that stands on an asset: through systems, through other assets, with cycles, and shared by many."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from wardwatch.estate import assets, graph, templates
from wardwatch.estate.assets import Asset, Isolation
from wardwatch.estate.care import Care, Criticality, Stands
from wardwatch.estate.graph import Estate, Service

T = "chu-nord"


def asset(name: str, **about: object) -> Asset:
    return Asset(assets.asset_id(T, name), T, name, **about)


def estate(found: list[Asset], services: list[Service], systems: dict) -> Estate:
    return Estate({one.id: one for one in found}, {one.id: one for one in services}, systems)


def test_a_service_stands_on_what_its_systems_need() -> None:
    pacs, disk, office = asset("pacs01", system="pacs"), asset("san01", system="storage"), asset("hr01", system="hr")
    imaging = Service("imaging", T, "Imaging", Criticality.HIGH, 240, ("pacs",))
    found = graph.care_of(estate([pacs, disk, office], [imaging], {"pacs": ("storage",), "storage": (), "hr": ()}))
    assert found[pacs.id] == Care(pacs.id, True, (Stands("imaging", Criticality.HIGH, 240),), 167, 240)
    assert found[disk.id].services == (Stands("imaging", Criticality.HIGH, 240, ("pacs",)),)
    assert found[office.id] == Care(office.id)


def test_the_most_urgent_service_decides() -> None:
    shared = asset("iface", system="iface")
    slow = Service("billing", T, "Billing", Criticality.LOW, 14_400, ("iface",))
    fast = Service("icu", T, "Intensive care", Criticality.VITAL, 60, ("iface",))
    found = graph.care_of(estate([shared], [slow, fast], {"iface": ()}))[shared.id]
    assert [one.service for one in found.services] == ["icu", "billing"]
    assert (found.percent, found.minutes) == (200, 60)


def test_cycles_do_no_harm_and_unknown_names_are_passed_over() -> None:
    one, two = asset("a", system="x"), asset("b", system="y")
    service = Service("s", T, "S", Criticality.MEDIUM, 60, ("x", "nowhere"))
    found = graph.care_of(estate([one, two], [service], {"x": ("y",), "y": ("x",)}))
    assert [len(care.services) for care in found.values()] == [1, 1]


def test_an_asset_can_need_more_than_its_system() -> None:
    licence = asset("licence-server")
    pacs = asset("pacs01", system="pacs", needs=(licence.id,))
    service = Service("imaging", T, "Imaging", Criticality.HIGH, 240, ("pacs",))
    found = graph.care_of(estate([pacs, licence], [service], {"pacs": ()}))
    assert found[licence.id].services == (Stands("imaging", Criticality.HIGH, 240, (pacs.id,)),)


def test_a_service_can_stand_on_an_asset_itself() -> None:
    robot = asset("robot", system="adc")
    service = Service("pharmacy", T, "Pharmacy", Criticality.HIGH, 480, (robot.id,))
    found = graph.care_of(estate([robot], [service], {"adc": ()}))
    assert found[robot.id].services == (Stands("pharmacy", Criticality.HIGH, 480),)


def test_one_of_many_weighs_less() -> None:
    service = Service("wards", T, "Wards", Criticality.HIGH, 720, ("ws_cli",))
    weights = []
    for count in (1, 2, 3, 10, 11, 500):
        many = [asset(f"pc-{number}", system="ws_cli") for number in range(count)]
        weights.append(graph.care_of(estate(many, [service], {"ws_cli": ()}))[many[0].id].percent)
    assert weights == [159, 159, 129, 129, 111, 111]


def test_isolation_is_never_where_care_stands_unless_a_person_decided() -> None:
    some = Care("x", True, (Stands("icu", Criticality.VITAL, 5),), 200, 5)
    plain = asset("pc")
    assert assets.isolation_of(plain, Care("x")) is Isolation.APPROVAL
    assert assets.isolation_of(plain, some) is Isolation.NEVER
    decided = replace(plain, isolation=Isolation.AUTOMATIC)
    assert assets.isolation_of(decided, some) is Isolation.AUTOMATIC


def test_a_hospital_starts_with_the_services_of_its_size() -> None:
    shipped = templates.shipped()
    small = graph.from_templates(T, "small", shipped, "fr")
    large = graph.from_templates(T, "large", shipped, "en")
    assert {one.id for one in small} < {one.id for one in large}
    assert next(one.name for one in small if one.id == "wards") == "Services d'hospitalisation"
    found = graph.care_of(estate([asset("dc01", system="ad")], list(large), dict(graph.needs_of(shipped.systems))))[
        assets.asset_id(T, "dc01")
    ]
    assert (found.services[0].criticality, found.percent) == (Criticality.VITAL, 200)


def test_care_is_found_by_every_name_of_an_asset() -> None:
    pacs = asset("PACS01.chu.example", addresses=("10.4.9.2",), hostnames=("archive",))
    care = graph.care_of(estate([pacs], [], {}))
    assert graph.by_name(estate([pacs], [], {}), care) == dict.fromkeys(
        ("pacs01", "archive", "10.4.9.2"), care[pacs.id]
    )


NODES = ["a", "b", "c", "d", "e"]


@given(
    st.dictionaries(st.sampled_from(NODES), st.lists(st.sampled_from(NODES), max_size=3).map(tuple)),
    st.sampled_from(NODES),
)
def test_any_graph_ends_and_reaches_what_a_plain_walk_reaches(needs, start) -> None:
    systems = {node: needs.get(node, ()) for node in NODES}
    every = [asset(node, system=node) for node in NODES]
    service = Service("s", T, "S", Criticality.HIGH, 60, (start,))
    found = graph.care_of(estate(every, [service], systems))
    reached, waiting = set(), [start]
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting.extend(systems[node])
    assert {one.name for one in every if found[one.id].services} == reached
