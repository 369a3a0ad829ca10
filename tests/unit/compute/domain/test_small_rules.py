"""Ids, moves, reasons, quotas, and the stored objects of catalogue files."""

from dataclasses import replace

import pytest

from services.compute.domain import ids
from services.compute.domain.errors import IllegalMove, QuotaExceeded, Refused
from services.compute.domain.lfns import FileActor, actor_of, address_in, address_of, guid_of, pfn_of
from services.compute.domain.objects import Address, Holder, Scope
from services.compute.domain.quotas import Held, Quota, Quotas, check
from services.compute.domain.reasons import CODES, MAX_EVIDENCE_CHARS, Phase, Reason, reason_of
from services.compute.domain.sheets import UNFILED, Sheet
from services.compute.domain.states import ACTIVE, FINAL, MOVES, WAITING, State, move
from tests.fakes.compute_jobs import sized, spec

UID = "ab" * 16


class TestIds:
    def test_an_id_is_never_all_digits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        drawn = iter(["1" * 32, "0" * 32, UID])
        monkeypatch.setattr("secrets.token_hex", lambda size: next(drawn))
        assert ids.new_uid() == UID

    @pytest.mark.parametrize("text", ["", "1" * 32, UID[:-1], UID + "a", UID.upper(), UID + "\n", "g" * 32])
    def test_what_is_none(self, text: str) -> None:
        assert not ids.is_uid(text)
        assert ids.is_uid(ids.new_uid())

    def test_a_tag_tells_whose_it_is(self) -> None:
        tag = ids.tag_of(UID, 2, "main", 0, 1)
        assert tag == f"tg-{UID}.2.main.0.1"
        assert ids.uid_of(tag) == UID

    @pytest.mark.parametrize(
        "tag",
        [
            "",
            UID,
            f"tg-{UID}",
            f"tg-{UID}.2.main.0",
            f"tg-{UID}.2.Main.0.1",
            f"tg-{UID}.-2.main.0.1",
            f"tg-{UID[:-1]}.2.main.0.1",
            f"x-tg-{UID}.2.main.0.1",
            f"tg-{UID}.2.main.0.1\n",
        ],
    )
    def test_other_names_are_nobodys(self, tag: str) -> None:
        assert ids.uid_of(tag) is None


class TestMoves:
    @pytest.mark.parametrize("now", list(State))
    def test_each_move_is_in_the_table_or_refused(self, now: State) -> None:
        for to in State:
            if to in MOVES[now]:
                assert move(now, to) is to
                continue
            with pytest.raises(IllegalMove, match=f"^a job that is {now} cannot become {to}$") as caught:
                move(now, to)
            assert (caught.value.now, caught.value.to) == (now, to)

    def test_what_has_ended_stays_so(self) -> None:
        assert all(not MOVES[state] for state in FINAL)
        assert {State.FAILED, State.CANCELLED} <= frozenset.intersection(
            *(MOVES[state] for state in WAITING | ACTIVE)
        )
        assert frozenset(State) == FINAL | WAITING | ACTIVE


class TestReasons:
    @pytest.mark.parametrize("code", list(CODES))
    def test_every_code_is_written_and_read_again(self, code: str) -> None:
        reason = Reason(code, "It is so.", "line 5")
        document = reason.as_json()
        assert document == {
            "code": code,
            "phase": CODES[code].phase.value,
            "sentence": "It is so.",
            "evidence": "line 5",
            "advice": CODES[code].advice,
        }
        assert reason_of(document) == reason
        assert reason.is_transient is CODES[code].transient
        assert reason.advice

    def test_some_may_pass_and_some_do_not(self) -> None:
        assert Reason("pull_failed", "").is_transient
        assert not Reason("image_not_found", "").is_transient
        assert Reason("cancelled", "").phase is Phase.OWNER

    def test_there_are_no_others(self) -> None:
        with pytest.raises(ValueError, match=r"^unknown reason bad_luck$"):
            Reason("bad_luck", "It is so.")

    def test_evidence_is_cut(self) -> None:
        assert Reason("pull_failed", "", "x" * (MAX_EVIDENCE_CHARS + 1)).evidence == "x" * MAX_EVIDENCE_CHARS
        assert reason_of({"code": "pull_failed", "sentence": "s"}) == Reason("pull_failed", "s")

    def test_a_refusal_says_its_reason(self) -> None:
        refused = Refused(Reason("image_refused", "Not this one."))
        assert str(refused) == "Not this one."
        assert refused.reason.code == "image_refused"


class TestQuotas:
    @pytest.mark.parametrize(
        ("quota", "held"),
        [
            (Quota(), Held(jobs=10**6, cpus=1e6, memory_bytes=1 << 60, storage_bytes=1 << 60)),
            (Quota(jobs=3), Held(jobs=2)),
            (Quota(cpus=4.0), Held(cpus=2.0)),
            (Quota(memory_bytes=3 << 20), Held(memory_bytes=1 << 20)),
            (Quota(storage_bytes=5), Held(storage_bytes=4)),
        ],
        ids=["none", "jobs", "cpus", "memory", "storage"],
    )
    def test_what_fits(self, quota: Quota, held: Held) -> None:
        check(quota, held, sized(2.0, 2 << 20), "You")

    @pytest.mark.parametrize(
        ("quota", "held", "told"),
        [
            (Quota(jobs=3), Held(jobs=3), "You may have 3 unfinished jobs at a time"),
            (Quota(jobs=0), Held(), "You may have 0 unfinished jobs at a time"),
            (Quota(cpus=4.0), Held(cpus=2.5), "You may have 4 cpus in unfinished jobs at a time"),
            (
                Quota(memory_bytes=(3 << 20) - 1),
                Held(memory_bytes=1 << 20),
                "You may have 3145727 bytes of memory in unfinished jobs at a time",
            ),
            (Quota(storage_bytes=5), Held(storage_bytes=5), "You may have 5 bytes of kept outputs at a time"),
        ],
        ids=["jobs", "none", "cpus", "memory", "storage"],
    )
    def test_what_does_not(self, quota: Quota, held: Held, told: str) -> None:
        with pytest.raises(QuotaExceeded) as caught:
            check(quota, held, sized(2.0, 2 << 20), "You")
        assert str(caught.value) == told
        assert caught.value.holder == "You"

    def test_every_instance_counts(self) -> None:
        (role,) = spec().roles
        many = spec(roles=(replace(role, count=3),))
        check(Quota(cpus=3.0), Held(), many, "You")
        with pytest.raises(QuotaExceeded):
            check(Quota(cpus=2.9), Held(), many, "You")

    def test_whose_they_are(self) -> None:
        quotas = Quotas(owners={"alice": Quota(jobs=1)}, groups={"a": Quota(jobs=2)})
        assert (quotas.of_owner("alice"), quotas.of_owner("bob")) == (Quota(jobs=1), Quota(jobs=1000))
        assert quotas.of_groups(["b", "a"]) == {"a": Quota(jobs=2)}


class TestCatalogueFiles:
    def test_a_guid_is_of_its_bytes_and_names(self) -> None:
        guid = guid_of(UID, "out/a", "/vo/a", "aa" * 32)
        assert guid == guid_of(UID, "out/a", "/vo/a", "aa" * 32)
        others = {
            guid_of("cd" * 16, "out/a", "/vo/a", "aa" * 32),
            guid_of(UID, "out/b", "/vo/a", "aa" * 32),
            guid_of(UID, "out/a", "/vo/b", "aa" * 32),
            guid_of(UID, "out/a", "/vo/a", "ab" * 32),
            guid_of(UID, "out/a#", "vo/a", "aa" * 32),
        }
        assert len({guid, *others}) == 6

    def test_a_pfn_leads_to_its_object(self) -> None:
        address = address_of("0f4b2a6e")
        assert pfn_of(address) == "tidegate:catalogue:files/0f/0f4b2a6e"
        assert address_in(pfn_of(address)) == address

    @pytest.mark.parametrize(
        "pfn",
        [
            "",
            "catalogue:files/0f/0f4b2a6e",
            "tidegate:owner:alice/0f",
            "tidegate:catalogue:others/0f",
            "tidegate:catalogue:files/../0f",
            "TIDEGATE:catalogue:files/0f/0f4b2a6e",
            "srm://h/a",
        ],
    )
    def test_other_pfns_lead_nowhere(self, pfn: str) -> None:
        with pytest.raises(ValueError, match=r"no PFN|no address|not a valid"):
            address_in(pfn)

    def test_nobody_reads_catalogue_objects_by_their_address(self) -> None:
        assert not address_of("0f").scope.may_use({"files"}, {"files"})
        assert Scope(Holder.OWNER, "alice").may_use({"alice"}, ())
        assert not Scope(Holder.GROUP, "alice").may_use({"alice"}, ())
        assert str(Address(Scope(Holder.GROUP, "a/b"), "c")) == "group:a%2Fb/c"

    def test_as_whom_a_job_was_submitted(self) -> None:
        sheet = Sheet(owner_name="alice", owner_group="prod", realm="vo")
        assert actor_of(sheet) == FileActor(name="alice", group="prod", groups=("prod",), vo="vo")
        assert actor_of(UNFILED).groups == ()
