"""Every event type, decoded from real transactions of the real contracts."""

import eth_abi
import pytest

from libs.chain import events
from libs.chain.abi import ZERO_ADDRESS
from libs.chain.chain import Chain
from libs.chain.types import Log, MetadataKind
from libs.signing.fees import FeeQuote, decode_provider_data, fee_is_signed_by
from scripts.chain.metadata import set_metadata, set_state
from scripts.chain.order import NO_MARKET, order, order_many, reuse
from scripts.chain.publish import Published
from scripts.chain.wallet import Wallet, tx_hash
from tests import assembly
from tests.chain_kit import local_provider, provider_key, publish_asset, quotes, service
from tests.fixtures_chain import DevChain
from tests.order_facts import order_facts

pytestmark = pytest.mark.clause("ocean 8.2", "ocean C3.5")

WEI = 10**18


@pytest.fixture(scope="module")
def publisher(dev_chain: DevChain) -> Wallet:
    return dev_chain.wallet(1)


@pytest.fixture(scope="module")
def consumer(dev_chain: DevChain) -> Wallet:
    return dev_chain.wallet(2)


@pytest.fixture
def chain(dev_chain: DevChain) -> Chain:
    return dev_chain.chain()


@pytest.fixture(scope="module")
def asset(dev_chain: DevChain, publisher: Wallet, consumer: Wallet) -> Published:
    return publish_asset(dev_chain, publisher, service(mint_to=[consumer.address]))


def logs_of(chain: Chain, tx: str) -> tuple[Log, ...]:
    receipt = chain.receipt(tx)
    assert receipt is not None
    return receipt.logs


class TestOrders:
    def test_a_started_order(
        self, dev_chain: DevChain, chain: Chain, asset: Published, consumer: Wallet
    ) -> None:
        [datatoken] = asset.datatokens
        other = dev_chain.accounts[5].address
        fee = quotes(dev_chain).fee(datatoken, amount=3 * WEI, valid_until=2_000_000_000)
        tx = order(consumer, dev_chain.entries, datatoken, 0, fee, consumer=other)
        facts = order_facts(chain, tx, datatoken)
        [started], [paid] = facts.started, facts.fees
        assert (started.consumer, started.payer, started.amount) == (other, consumer.address, WEI)
        assert (started.service_index, started.market) == (0, ZERO_ADDRESS)
        block = chain.block(facts.block_number)
        assert block is not None
        assert (started.timestamp, started.block_number) == (block.timestamp, block.number)
        assert (paid.address, paid.token, paid.amount) == (fee.address, fee.token, 3 * WEI)
        assert (paid.v, paid.r, paid.s, paid.valid_until) == (fee.v, fee.r, fee.s, 2_000_000_000)
        quote = FeeQuote(paid.provider_data, paid.address, paid.token, paid.amount, paid.valid_until)
        assert fee_is_signed_by(quote, paid.v, paid.r, paid.s, provider_key().address)
        described = decode_provider_data(paid.provider_data)
        assert described is not None
        assert (described.datatoken, described.service_id) == (datatoken, "service-0")

    def test_a_reused_order_names_the_first(
        self, dev_chain: DevChain, chain: Chain, asset: Published, consumer: Wallet
    ) -> None:
        [datatoken] = asset.datatokens
        first = order(consumer, dev_chain.entries, datatoken, 0, quotes(dev_chain).fee(datatoken))
        again = reuse(consumer, datatoken, first, quotes(dev_chain).fee(datatoken, amount=WEI))
        facts = order_facts(chain, again, datatoken)
        [reused], [paid] = facts.reused, facts.fees
        assert facts.started == ()
        assert (reused.order_tx_id, reused.caller, reused.number) == (
            first,
            consumer.address,
            facts.block_number,
        )
        assert paid.amount == WEI

    def test_several_orders_of_one_transaction_through_the_factory(
        self, dev_chain: DevChain, chain: Chain, publisher: Wallet, consumer: Wallet
    ) -> None:
        assets = [publish_asset(dev_chain, publisher, service(mint_to=[consumer.address])) for _ in range(2)]
        tokens = [found.datatokens[0] for found in assets]
        fees = quotes(dev_chain)
        orders = [
            (token, consumer.address, index, fees.fee(token))
            for index, token in enumerate([*tokens, tokens[0]])
        ]
        tx = order_many(consumer, dev_chain.entries, orders)
        first, second = (order_facts(chain, tx, token) for token in tokens)
        assert [event.service_index for event in first.started] == [0, 2]
        assert [event.service_index for event in second.started] == [1]
        assert {event.payer for event in first.started} == {dev_chain.entries["ERC721Factory"]}
        assert len(first.fees) == 2
        for started, paid in zip(first.started, first.fees, strict=True):
            described = decode_provider_data(paid.provider_data)
            assert described is not None
            assert described.datatoken == tokens[0]
            assert started.consumer == consumer.address

    @pytest.mark.parametrize("pricing", ["fixed", "dispenser"])
    @pytest.mark.parametrize("template", [1, 2])
    def test_bought_and_ordered(
        self,
        dev_chain: DevChain,
        chain: Chain,
        publisher: Wallet,
        consumer: Wallet,
        pricing: str,
        template: int,
    ) -> None:
        """Template 2 does it in one transaction: buyFromFreAndOrder, buyFromDispenserAndOrder."""
        published = publish_asset(
            dev_chain, publisher, service(pricing=pricing, template=template, price="2.5")
        )
        [datatoken] = published.datatokens
        fee = quotes(dev_chain).fee(datatoken, amount=WEI)
        tx = order(consumer, dev_chain.entries, datatoken, 0, fee)
        facts = order_facts(chain, tx, datatoken)
        [started], [paid] = facts.started, facts.fees
        assert (started.amount, started.consumer, paid.amount) == (WEI, consumer.address, WEI)
        assert started.payer == consumer.address

    def test_a_fee_in_a_token_with_six_decimals(
        self, dev_chain: DevChain, chain: Chain, asset: Published, consumer: Wallet
    ) -> None:
        [datatoken] = asset.datatokens
        fee = quotes(dev_chain, "MockUSDC").fee(datatoken, amount=1_500_000)
        tx = order(consumer, dev_chain.entries, datatoken, 0, fee)
        [paid] = order_facts(chain, tx, datatoken).fees
        assert (paid.token, paid.amount) == (dev_chain.entries["MockUSDC"], 1_500_000)
        assert chain.decimals(paid.token) == 6


class TestLookAlikes:
    def test_an_attackers_own_datatoken_with_a_borrowed_fee_does_not_count(
        self, dev_chain: DevChain, chain: Chain, asset: Published
    ) -> None:
        """Both datatokens come from the same factory; the quote is the victim's own, public one."""
        attacker = dev_chain.wallet(3)
        [victim_token] = asset.datatokens
        own = publish_asset(dev_chain, attacker, service(mint_to=[attacker.address]))
        borrowed = quotes(dev_chain).fee(victim_token)
        tx = order(attacker, dev_chain.entries, own.datatokens[0], 0, borrowed)
        victim = order_facts(chain, tx, victim_token)
        assert victim.succeeded
        assert (victim.started, victim.reused, victim.fees) == ((), (), ())
        assert len(order_facts(chain, tx, own.datatokens[0]).started) == 1

    def test_order_events_of_other_contracts_do_not_count(
        self, dev_chain: DevChain, chain: Chain, asset: Published
    ) -> None:
        """A contract that emits the very bytes of an OrderStarted."""
        attacker = dev_chain.wallet(3)
        fake = attacker.deploy_code(assembly.emitter())
        plain = eth_abi.encode(
            ["address", "uint256", "uint256", "uint256", "uint256"], [attacker.address, WEI, 0, 1, 1]
        )
        indexed = eth_abi.encode(["address", "address"], [attacker.address, ZERO_ADDRESS])
        tx = attacker.call_raw(fake, bytes.fromhex(events.TOPICS["OrderStarted"][2:]) + indexed + plain)
        logs = logs_of(chain, tx)
        assert events.order_started(logs, asset.datatokens[0]) == []
        [copied] = events.order_started(logs, fake)
        assert copied.consumer == attacker.address

    def test_an_emitter_outside_the_factory_is_known_as_such(
        self, dev_chain: DevChain, chain: Chain, asset: Published
    ) -> None:
        """A contract that says yes to everything is no NFT of ours, so its yes is never asked for."""
        yes = dev_chain.wallet(3).deploy_code(assembly.answering(b"\0" * 31 + b"\1"))
        assert chain.is_deployed(yes, asset.datatokens[0])
        assert not chain.is_factory_nft(yes)
        assert chain.is_factory_nft(asset.nft)
        assert chain.is_deployed(asset.nft, asset.datatokens[0])
        assert not chain.is_deployed(asset.nft, dev_chain.entries["Ocean"])


class TestMetadata:
    def test_created_updated_and_state(self, dev_chain: DevChain, chain: Chain, publisher: Wallet) -> None:
        published = publish_asset(dev_chain, publisher, flags=3)
        [created] = events.metadata_created(logs_of(chain, published.tx_hash), published.nft)
        assert (created.kind, created.updated_by) == (MetadataKind.CREATED, publisher.address)
        assert (created.state, created.flags, created.decryptor_url) == (0, b"\3", "http://127.0.0.1:8030")
        assert len(created.metadata_hash) == 32
        assert events.metadata_updated(logs_of(chain, published.tx_hash), published.nft) == []

        updated_tx = set_metadata(publisher, published.ddo, local_provider(), flags=0, state=5)
        logs = logs_of(chain, updated_tx)
        [updated] = events.metadata_updated(logs, published.nft)
        assert (updated.kind, updated.state, updated.flags) == (MetadataKind.UPDATED, 5, b"\0")
        assert published.did.encode() in updated.data
        assert events.metadata_created(logs, published.nft) == []
        assert chain.nft_metadata(published.nft).state == 5

        state_tx = set_state(publisher, published.nft, 3)
        [state] = events.metadata_state(logs_of(chain, state_tx), published.nft)
        assert (state.state, state.updated_by) == (3, publisher.address)
        found = chain.nft_metadata(published.nft)
        assert (found.state, found.has_metadata) == (3, True)
        assert found.decryptor_address == provider_key().address

    def test_a_document_without_metadata_says_so(
        self, dev_chain: DevChain, chain: Chain, publisher: Wallet
    ) -> None:
        factory = publisher.contract("ERC721Factory", dev_chain.entries["ERC721Factory"])
        data = ("name", "SYM", 1, "ipfs://x", True, publisher.address)
        token = (
            1,
            ["dt", "DT"],
            [publisher.address, publisher.address, ZERO_ADDRESS, ZERO_ADDRESS],
            [WEI, 0],
            [],
        )
        receipt = publisher.send(factory.functions.createNftWithErc20(data, token))
        logs = logs_of(chain, tx_hash(receipt))
        [created] = events.nfts_created(logs, factory.address)
        assert (created.name, created.symbol, created.token_uri) == ("name", "SYM", "ipfs://x")
        assert (created.admin, created.transferable) == (publisher.address, True)
        assert not chain.nft_metadata(created.nft).has_metadata
        [minted] = events.nft_transfers(logs, created.nft)
        assert (minted.sender, minted.receiver, minted.token_id) == (ZERO_ADDRESS, publisher.address, 1)
        [token_created] = events.tokens_created(logs, factory.address)
        assert (token_created.name, token_created.symbol) == ("dt", "DT")
        assert chain.is_deployed(created.nft, token_created.datatoken)
        assert (chain.name(created.nft), chain.symbol(created.nft)) == ("name", "SYM")
        assert chain.owner_of(created.nft) == publisher.address

    def test_token_uri_and_validation(self, dev_chain: DevChain, chain: Chain, publisher: Wallet) -> None:
        published = publish_asset(dev_chain, publisher)
        unchecked = (ZERO_ADDRESS, 27, b"\1" * 32, b"\2" * 32)
        tx = set_metadata(publisher, published.ddo, local_provider(), proofs=[unchecked])
        [validated] = events.metadata_validated(logs_of(chain, tx), published.nft)
        assert (validated.validator, validated.v, validated.r) == (ZERO_ADDRESS, 27, b"\1" * 32)
        nft = publisher.contract("ERC721Template", published.nft)
        uri_tx = publisher.send_hash(nft.functions.setTokenURI(1, "data:,new"))
        [update] = events.token_uri_updates(logs_of(chain, uri_tx), published.nft)
        assert (update.token_uri, update.token_id, update.updated_by) == ("data:,new", 1, publisher.address)


class TestPricing:
    def test_an_exchange_and_its_new_rate(self, dev_chain: DevChain, chain: Chain, publisher: Wallet) -> None:
        published = publish_asset(dev_chain, publisher, service(pricing="fixed", price="2.5"))
        [datatoken] = published.datatokens
        exchange_address = dev_chain.entries["FixedPrice"]
        exchange = publisher.contract("FixedRateExchange", exchange_address)
        [(_, exchange_id)] = publisher.contract("ERC20Template", datatoken).functions.getFixedRates().call()
        tx = publisher.send_hash(exchange.functions.setRate(exchange_id, 7 * WEI))
        [changed] = events.exchange_rates_changed(logs_of(chain, tx), exchange_address)
        assert (changed.exchange_id, changed.rate) == ("0x" + exchange_id.hex(), 7 * WEI)
        head = chain.head().number
        logs = chain.logs(0, head, [events.TOPICS["ExchangeCreated"]], exchange_address)
        created = [
            event
            for event in events.exchanges_created(logs, exchange_address)
            if event.datatoken == datatoken
        ]
        assert [(event.rate, event.base_token) for event in created] == [
            (25 * WEI // 10, dev_chain.entries["Ocean"])
        ]

    def test_a_dispenser(self, dev_chain: DevChain, chain: Chain, publisher: Wallet) -> None:
        first = chain.head().number + 1
        published = publish_asset(dev_chain, publisher, service(pricing="dispenser"))
        dispenser = dev_chain.entries["Dispenser"]
        logs = chain.logs(first, chain.head().number, [events.TOPICS["DispenserCreated"]], dispenser)
        [created] = events.dispensers_created(logs, dispenser)
        assert (created.datatoken, created.max_tokens) == (published.datatokens[0], WEI)
        assert created.owner == dev_chain.entries["ERC721Factory"]  # the contract names who called it


def test_a_reverted_order_is_no_order(dev_chain: DevChain, chain: Chain, asset: Published) -> None:
    """Mined, paid for, reverted: the receipt says so and holds no events."""
    poor = dev_chain.wallet(4)
    [datatoken] = asset.datatokens
    token = poor.contract("ERC20Template", datatoken)
    fee = quotes(dev_chain).fee(datatoken)
    tx = poor.send_anyway(token.functions.startOrder(poor.address, 0, fee.as_struct(), NO_MARKET))
    facts = order_facts(chain, tx, datatoken)
    assert not facts.succeeded
    assert facts.started == ()


def test_the_contract_refuses_a_fee_that_was_tampered_with(
    dev_chain: DevChain, asset: Published, consumer: Wallet
) -> None:
    from dataclasses import replace

    from scripts.chain.wallet import TransactionFailed

    [datatoken] = asset.datatokens
    fee = replace(quotes(dev_chain).fee(datatoken, amount=WEI), amount=1)
    with pytest.raises(TransactionFailed, match="Invalid provider fee"):
        order(consumer, dev_chain.entries, datatoken, 0, fee)
