// Publish, find, order, download, compute: the product's main job, by an unmodified ocean.js.
'use strict'
require('./wire.cjs')
const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const { ethers } = require('ethers')
const ocean = require('@oceanprotocol/lib')
const { compute } = require('./compute.cjs')

const { GATEWAY: gateway, RPC: rpc, CHAIN_ID, MNEMONIC: mnemonic, FILE_URL: fileUrl, FILE_SHA256: expected } = process.env
const chainId = Number(CHAIN_ID)
const ZERO = ethers.constants.AddressZero
const { ProviderInstance: provider } = ocean
ocean.LoggerInstance.setLevel(ocean.LogLevel.None)

const node = new ethers.providers.JsonRpcProvider(rpc)
node.pollingInterval = 50
const wallet = (index) => ethers.Wallet.fromMnemonic(mnemonic, `m/44'/60'/0'/0/${index}`).connect(node)
const step = (number, text) => console.log(`\n${number}. ${text}`)

async function main() {
  const [publisher, consumer] = [wallet(1), wallet(2)]
  const config = new ocean.ConfigHelper().getConfig(chainId)
  const aquarius = new ocean.Aquarius(gateway)

  step(1, `Discovery: what does ${gateway} offer?`)
  assert.equal(await provider.isValidProvider(gateway), true)

  step(2, 'On chain: a data NFT with a datatoken behind a dispenser (free of charge)')
  const factory = new ocean.NftFactory(config.nftFactoryAddress, publisher, chainId)
  const created = await (await factory.createNftWithDatatokenWithDispenser(
    { name: 'Tide levels', symbol: 'TIDE', templateIndex: 1, tokenURI: '', transferable: true, owner: publisher.address },
    { templateIndex: 2, minter: publisher.address, paymentCollector: publisher.address, mpFeeAddress: ZERO, feeToken: ZERO,
      feeAmount: '0', cap: '1000', name: 'Tide levels access', symbol: 'TLA' },
    { dispenserAddress: config.dispenserAddress, maxTokens: '1', maxBalance: '1', withMint: true, allowedSwapper: ZERO }
  )).wait()
  const nftAddress = ocean.getEventFromTx(created, 'NFTCreated').args[0]
  const datatoken = ocean.getEventFromTx(created, 'TokenCreated').args[0]
  // Computing is a service of its own, and so has a datatoken of its own; the consumer is given one.
  const { address } = publisher
  const computeToken = await new ocean.Nft(publisher, chainId).createDatatoken(
    nftAddress, address, address, address, ZERO, ZERO, '0', '1000', 'Tide levels computing', 'TLC', 1)
  await (await new ocean.Datatoken(publisher, chainId).mint(computeToken, address, '1', consumer.address)).wait()
  console.log(`    NFT ${nftAddress}, datatokens ${datatoken} (download), ${computeToken} (compute)`)

  step(3, 'The file list is encrypted by the provider: its address never stands in the open')
  const filesFor = (datatokenAddress) => provider.encrypt(
    { datatokenAddress, nftAddress, files: [{ type: 'url', url: fileUrl, method: 'GET' }] }, chainId, gateway)
  const [files, computeFiles] = [await filesFor(datatoken), await filesFor(computeToken)]
  const did = ocean.generateDid(nftAddress, chainId)
  const now = new Date().toISOString()
  const ddo = {
    '@context': ['https://w3id.org/did/v1'], id: did, version: '4.1.0', chainId, nftAddress,
    metadata: { created: now, updated: now, type: 'dataset', name: 'Tide levels', description: 'Ten-minute water heights',
      author: 'Harbour office', license: 'https://market.oceanprotocol.com/terms', tags: ['tides'] },
    services: [
      { id: 'access', type: 'access', files, datatokenAddress: datatoken, serviceEndpoint: gateway, timeout: 86400 },
      { id: 'compute', type: 'compute', files: computeFiles, datatokenAddress: computeToken, serviceEndpoint: gateway, timeout: 86400,
        compute: { allowRawAlgorithm: true, allowNetworkAccess: false,
          publisherTrustedAlgorithmPublishers: [], publisherTrustedAlgorithms: [] } }
    ]
  }

  step(4, 'The document is checked, encrypted and written to the chain')
  const checked = await aquarius.validate(ddo)
  assert.equal(checked.valid, true)
  const encrypted = await provider.encrypt(ddo, chainId, gateway)
  const nft = new ocean.Nft(publisher, chainId)
  const published = await (await nft.setMetadata(
    nftAddress, publisher.address, 0, gateway, '', '0x02', encrypted, checked.hash, [checked.proof])).wait()
  console.log(`    ${did}\n    in transaction ${published.transactionHash}`)

  step(5, 'The catalogue sees the event, decrypts, checks the hash and lists the asset')
  const asset = await aquarius.waitForIndexer(did, published.transactionHash, undefined, 300, 100)
  assert.ok(asset, 'the asset was not indexed')
  const found = await aquarius.querySearch({ query: { match: { 'metadata.name': 'tide' } }, size: 1 })
  assert.ok(found.hits.total.value >= 1)

  step(6, 'What is behind the asset, without saying where it is?')
  const [info] = await provider.checkDidFiles(did, 'access', gateway, true)
  assert.equal(info.checksum, expected)

  step(7, 'A quote, then the order on chain')
  const quote = await provider.initialize(did, 'access', 0, consumer.address, gateway)
  const order = await (await ocean.orderAsset(
    asset, consumer, config, new ocean.Datatoken(consumer, chainId), gateway, undefined, undefined, quote.providerFee)).wait()
  console.log(`    ordered in transaction ${order.transactionHash}`)

  step(8, 'The download, signed by the wallet that ordered')
  const url = await provider.getDownloadUrl(did, 'access', 0, order.transactionHash, gateway, consumer)
  const { data, filename } = await ocean.downloadFile(url)
  const sha256 = crypto.createHash('sha256').update(Buffer.from(data)).digest('hex')
  assert.equal(sha256, expected)
  console.log(`    ${filename}: ${data.byteLength} bytes, sha256 ${sha256}: exactly the publisher's file`)

  step(9, 'The same signed request again is refused: its nonce is used up')
  const replay = await fetch(url)
  const refusal = await replay.text()
  assert.equal(replay.status, 400)
  console.log(`    ← ${replay.status} ${refusal.slice(0, 160)}`)

  await compute({ gateway, chainId, consumer, did, datatoken: computeToken, step })
  console.log('\nThe journey is complete.')
}

main().then(() => process.exit(0), (error) => { console.error(`\nThe journey failed: ${error.stack}`); process.exit(1) })
