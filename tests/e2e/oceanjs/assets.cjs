// Publishing and ordering with any release of ocean.js, as the compute journey needs it.
'use strict'
const assert = require('node:assert/strict')
const c = require('./client.cjs')
const { ocean, provider, gateway, chainId } = c

const ZERO = '0x0000000000000000000000000000000000000000'
const NO_MARKET_FEE = { consumeMarketFeeAddress: ZERO, consumeMarketFeeToken: ZERO, consumeMarketFeeAmount: '0' }
const config = c.config()
const aquarius = new ocean.Aquarius(gateway)
const hashOf = (receipt) => receipt.hash ?? receipt.transactionHash

// `metadata` and `service` are what the document says beyond the usual; the consumer gets tokens for 20 orders.
async function publish(publisher, consumer, { metadata, service, url }) {
  const owner = await publisher.getAddress()
  const factory = new ocean.NftFactory(config.nftFactoryAddress, publisher, chainId)
  const receipt = await (await factory.createNftWithDatatoken(
    { name: metadata.name, symbol: 'CMP', templateIndex: 1, tokenURI: '', transferable: true, owner },
    { templateIndex: 1, minter: owner, paymentCollector: owner, mpFeeAddress: ZERO, feeToken: ZERO, feeAmount: '0',
      cap: '100000', name: 'Compute token', symbol: 'CT' }
  )).wait()
  const nftAddress = ocean.getEventFromTx(receipt, 'NFTCreated').args[0]
  const datatokenAddress = ocean.getEventFromTx(receipt, 'TokenCreated').args[0]
  const token = new ocean.Datatoken(publisher, chainId)
  await (await token.mint(datatokenAddress, owner, '20', await consumer.getAddress())).wait()
  const files = { datatokenAddress, nftAddress, files: [{ type: 'url', url, method: 'GET' }] }
  const now = '2026-01-01T00:00:00Z'
  const ddo = {
    '@context': ['https://w3id.org/did/v1'], id: ocean.generateDid(nftAddress, chainId), version: '4.1.0', chainId, nftAddress,
    metadata: {
      created: now, updated: now, description: 'For the compute journey', author: 'Harbour office',
      license: 'https://market.oceanprotocol.com/terms', ...metadata
    },
    services: [{
      id: 'service-1', datatokenAddress, serviceEndpoint: gateway, timeout: 86400,
      files: await c.encrypt(files, publisher), ...service
    }]
  }
  const checked = await c.validate(aquarius, ddo, publisher)
  assert.ok(checked && checked.valid, `document refused: ${JSON.stringify(checked)}`)
  const nft = new ocean.Nft(publisher, chainId)
  const tx = await (await nft.setMetadata(
    nftAddress, owner, 0, gateway, '', '0x02', await c.encrypt(ddo, publisher), checked.hash, c.major >= 5 ? [] : [checked.proof]
  )).wait()
  assert.ok(await c.wait(aquarius, ddo.id, hashOf(tx)), `${ddo.id} was not indexed`)
  return { did: ddo.id, datatoken: datatokenAddress }
}

// The transaction that stands for the use of one asset: an earlier one that still counts, its reuse, or a new order.
async function order(consumer, entry, datatoken, consumerAddress) {
  const token = new ocean.Datatoken(consumer, chainId)
  const fee = entry.providerFee
  if (fee && BigInt(fee.providerFeeAmount) > 0n) {
    const buyer = await consumer.getAddress()
    await ocean.approveWei(consumer, config, buyer, fee.providerFeeToken, datatoken, fee.providerFeeAmount)
  }
  if (entry.validOrder && !fee) return entry.validOrder
  const tx = entry.validOrder
    ? await token.reuseOrder(datatoken, entry.validOrder, fee)
    : await token.startOrder(datatoken, consumerAddress, 0, fee, NO_MARKET_FEE)
  return hashOf(await tx.wait())
}

module.exports = { publish, order }
