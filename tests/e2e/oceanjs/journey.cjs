// One dApp journey with an unmodified ocean.js; prints one JSON line per step, ends 1 on the first failure.
// Usage: OCEANJS_VERSION=3.4.6 GATEWAY=.. RPC=.. CHAIN_ID=.. MNEMONIC=.. ADDRESS_FILE=.. ORIGIN=.. node journey.cjs
'use strict'
const assert = require('node:assert/strict')
const c = require('./client.cjs')
const { ocean, provider, gateway, chainId } = c

const ZERO = '0x0000000000000000000000000000000000000000'
const config = c.config()
const aquarius = new ocean.Aquarius(gateway)
const first = Number(process.env.ACCOUNT ?? 2)
const [publisher, consumer] = [c.wallet(first), c.wallet(first + 1)]
const files = JSON.parse(process.env.FILES) // [{url, sha256, size}]

function report(step, facts) {
  process.stdout.write(`${JSON.stringify({ step, version: c.version, ...facts })}\n`)
}

async function publish(pricing, template) {
  const owner = await publisher.getAddress()
  const factory = new ocean.NftFactory(config.nftFactoryAddress, publisher, chainId)
  const nftParams = {
    name: `Journey ${c.version}`, symbol: 'JRN', templateIndex: 1, tokenURI: '', transferable: true, owner
  }
  const tokenParams = {
    templateIndex: template, minter: owner, paymentCollector: owner, mpFeeAddress: ZERO, feeToken: ZERO,
    feeAmount: '0', cap: '100000', name: 'Journey token', symbol: 'JT'
  }
  let tx
  if (pricing === 'fixed') {
    tx = await factory.createNftWithDatatokenWithFixedRate(nftParams, tokenParams, {
      fixedRateAddress: config.fixedRateExchangeAddress, baseTokenAddress: config.oceanTokenAddress, owner,
      marketFeeCollector: owner, baseTokenDecimals: 18, datatokenDecimals: 18, fixedRate: '2', marketFee: '0',
      allowedConsumer: ZERO, withMint: true
    })
  } else if (pricing === 'dispenser') {
    tx = await factory.createNftWithDatatokenWithDispenser(nftParams, tokenParams, {
      dispenserAddress: config.dispenserAddress, maxTokens: '1', maxBalance: '1', withMint: true, allowedSwapper: ZERO
    })
  } else {
    tx = await factory.createNftWithDatatoken(nftParams, tokenParams)
  }
  const receipt = await tx.wait()
  const nftAddress = ocean.getEventFromTx(receipt, 'NFTCreated').args[0]
  const datatoken = ocean.getEventFromTx(receipt, 'TokenCreated').args[0]
  if (pricing === 'plain') {
    const token = new ocean.Datatoken(publisher, chainId)
    await (await token.mint(datatoken, owner, '2', await consumer.getAddress())).wait()
  }
  const ddo = await document(nftAddress, datatoken, pricing)
  const metadataTx = await setMetadata(nftAddress, ddo)
  return { ddo, nftAddress, datatoken, txid: metadataTx }
}

async function document(nftAddress, datatoken, pricing) {
  const did = ocean.generateDid(nftAddress, chainId)
  return {
    '@context': ['https://w3id.org/did/v1'], id: did, version: '4.1.0', chainId, nftAddress,
    metadata: {
      created: '2026-01-01T00:00:00Z', updated: '2026-01-01T00:00:00Z', type: 'dataset',
      name: `Tide levels ${c.version} ${pricing}`, description: `Water heights for ${pricing}`,
      author: 'Harbour office', license: 'https://market.oceanprotocol.com/terms', tags: ['tides', `v${c.version}`],
      additionalInformation: { termsAndConditions: true }
    },
    services: [{
      id: 'access-1', type: 'access', datatokenAddress: datatoken, serviceEndpoint: gateway, timeout: 0,
      files: await c.encrypt({
        datatokenAddress: datatoken, nftAddress, files: files.map(({ url }) => ({ type: 'url', url, method: 'GET' }))
      }, publisher)
    }]
  }
}

async function setMetadata(nftAddress, ddo) {
  const checked = await c.validate(aquarius, ddo, publisher)
  assert.ok(checked && checked.valid, `document refused: ${JSON.stringify(checked)}`)
  const encrypted = await c.encrypt(ddo, publisher)
  assert.match(encrypted, /^0x04[0-9a-f]+$/)
  const nft = new ocean.Nft(publisher, chainId)
  const tx = await nft.setMetadata(
    nftAddress, await publisher.getAddress(), 0, gateway, '', '0x02', encrypted, checked.hash,
    c.major >= 5 ? [] : [checked.proof]
  )
  return (await tx.wait()).hash ?? tx.hash ?? (await tx.wait()).transactionHash
}

async function order(asset, pricing, datatoken) {
  const buyer = await consumer.getAddress()
  const quote = await provider.initialize(asset.id, 'access-1', 0, buyer, gateway)
  assert.equal(quote.datatoken, datatoken)
  const fee = quote.providerFee
  const token = new ocean.Datatoken(consumer, chainId)
  if (BigInt(fee.providerFeeAmount) > 0n) {
    await ocean.approveWei(consumer, config, buyer, fee.providerFeeToken, datatoken, fee.providerFeeAmount)
  }
  const noMarketFee = { consumeMarketFeeAddress: ZERO, consumeMarketFeeToken: ZERO, consumeMarketFeeAmount: '0' }
  const tx = pricing === 'plain'
    ? await token.startOrder(datatoken, buyer, 0, fee, noMarketFee)
    : await ocean.orderAsset(asset, consumer, config, token, gateway, undefined, noMarketFee, fee)
  const receipt = await tx.wait()
  report('order', { pricing, tx: receipt.hash ?? receipt.transactionHash, fee: fee.providerFeeAmount })
  return receipt.hash ?? receipt.transactionHash
}

async function download(did, tx) {
  for (const [index, file] of files.entries()) {
    const url = await c.downloadUrl(did, 'access-1', index, tx, consumer)
    const { data, filename } = await ocean.downloadFile(url, index)
    assert.equal(c.sha256(Buffer.from(data)), file.sha256, `file ${index} differs`)
    assert.equal(filename, file.name)
  }
  report('download', { files: files.length })
}

function query(did, tx, index, more = {}) {
  return new URLSearchParams({ documentId: did, serviceId: 'access-1', transferTxId: tx, fileIndex: String(index), ...more })
}

async function withToken(did, tx) {
  const address = await consumer.getAddress()
  const nonce = String(Number(await provider.getNonce(gateway, address)) + 1)
  const expiration = String(Math.floor(Date.now() / 1000) + 600)
  const signature = await c.signText(consumer, address + nonce)
  const created = await fetch(`${gateway}/api/services/createAuthToken?${new URLSearchParams({ address, nonce, expiration, signature })}`)
  assert.equal(created.status, 200, await created.clone().text())
  const { token } = await created.json()
  const url = `${gateway}/api/services/download?${query(did, tx, 0, { consumerAddress: address })}`
  const good = await fetch(url, { headers: { AuthToken: token } })
  assert.equal(good.status, 200)
  assert.equal(c.sha256(Buffer.from(await good.arrayBuffer())), files[0].sha256)
  const part = await fetch(url, { headers: { AuthToken: token, Range: 'bytes=10-29' } })
  assert.equal(part.status, 206)
  assert.equal(part.headers.get('content-range'), `bytes 10-29/${files[0].size}`)
  assert.equal((await part.arrayBuffer()).byteLength, 20)
  const deleteNonce = String(Number(await provider.getNonce(gateway, address)) + 1)
  const deleted = await fetch(`${gateway}/api/services/deleteAuthToken?${new URLSearchParams({
    address, nonce: deleteNonce, token, signature: await c.signText(consumer, address + deleteNonce)
  })}`, { method: 'DELETE' })
  assert.deepEqual(await deleted.json(), { success: 'Token has been deactivated.' })
  const refused = await fetch(url, { headers: { AuthToken: token } })
  assert.equal(refused.status, 400)
  report('token', { created: true, range: true, revoked: true })
}

async function reuse(did, datatoken, tx) {
  const buyer = await consumer.getAddress()
  const search = query(did, tx, 0, { consumerAddress: buyer })
  const answer = await (await fetch(`${gateway}/api/services/initialize?${search}`)).json()
  assert.equal(answer.validOrder, tx)
  const { providerFee } = await provider.initialize(did, 'access-1', 0, buyer, gateway)
  const token = new ocean.Datatoken(consumer, chainId)
  if (BigInt(providerFee.providerFeeAmount) > 0n) {
    await ocean.approveWei(consumer, config, buyer, providerFee.providerFeeToken, datatoken, providerFee.providerFeeAmount)
  }
  const receipt = await (await token.reuseOrder(datatoken, tx, providerFee)).wait()
  await download(did, receipt.hash ?? receipt.transactionHash)
  report('reuse', {})
}

async function until(what, condition) {
  const deadline = Date.now() + 30000
  for (;;) {
    const found = await condition()
    if (found) return found
    assert.ok(Date.now() < deadline, `${what} did not happen in 30 s`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function change(asset) {
  const nft = new ocean.Nft(publisher, chainId)
  const owner = await publisher.getAddress()
  const updated = { ...asset.ddo, metadata: { ...asset.ddo.metadata, name: `Renamed by ${c.version}` } }
  await setMetadata(asset.nftAddress, updated)
  await until('the update', async () => (await aquarius.getAssetMetadata(asset.ddo.id)).name === updated.metadata.name)
  await (await nft.setMetadataState(asset.nftAddress, owner, 4)).wait()
  await until('state 4', async () => (await aquarius.resolve(asset.ddo.id)).nft.state === 4)
  const blocked = await fetch(`${gateway}/api/services/initialize?${new URLSearchParams({
    documentId: asset.ddo.id, serviceId: 'access-1', consumerAddress: await consumer.getAddress()
  })}`)
  assert.equal(blocked.status, 400)
  assert.equal((await blocked.json()).error, 'Asset is not consumable.')
  await (await nft.setMetadataState(asset.nftAddress, owner, 0)).wait()
  await until('state 0', async () => (await aquarius.resolve(asset.ddo.id)).nft.state === 0)
  report('change', { renamed: true, state: true })
}

async function journey(pricing, template) {
  const published = await publish(pricing, template)
  const { ddo, datatoken, txid } = published
  const asset = await c.wait(aquarius, ddo.id, txid)
  assert.ok(asset, `${ddo.id} was not indexed`)
  report('publish', { pricing, did: ddo.id, txid })
  const found = await aquarius.querySearch({
    query: { bool: { filter: [{ term: { _id: ddo.id } }, { terms: { chainId: [chainId] } }] } }
  })
  const hits = found.hits ?? found
  assert.equal((hits.hits ?? hits.results ?? hits)[0]._source?.id ?? (hits.hits ?? hits.results ?? hits)[0].id, ddo.id)
  const info = await provider.checkDidFiles(ddo.id, 'access-1', gateway, true)
  assert.deepEqual(info.map((entry) => [entry.index, entry.valid, entry.checksum]), files.map((f, i) => [i, true, f.sha256]))
  const [direct] = await provider.getFileInfo({ type: 'url', url: files[0].url, method: 'GET' }, gateway)
  assert.equal(direct.valid, true)
  report('fileinfo', { entries: info.length })
  const tx = await order(asset, pricing, datatoken)
  await download(ddo.id, tx)
  await withToken(ddo.id, tx)
  await reuse(ddo.id, datatoken, tx)
  if (pricing === 'plain') await change(published)
}

async function main() {
  assert.equal(await provider.isValidProvider(gateway), true)
  const cases = JSON.parse(process.env.CASES ?? '[["plain",1],["dispenser",1],["dispenser",2],["fixed",1],["fixed",2]]')
  for (const [pricing, template] of cases) await journey(pricing, template)
  report('done', { cases: cases.length })
}

main().then(() => process.exit(0), (error) => {
  process.stderr.write(`${error.stack}\n`)
  process.exit(1)
})
