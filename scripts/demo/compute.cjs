// The second half of the journey: computing on the data instead of downloading it.
'use strict'
const assert = require('node:assert/strict')
const { ethers } = require('ethers')
const ocean = require('@oceanprotocol/lib')

const { ProviderInstance: provider } = ocean
const CODE = `
import json, os, time
(did,) = json.loads(os.environ["DIDS"])
with open(os.path.join(os.environ["INPUTS"], did, "0")) as table:
    heights = [float(line.split(",")[2]) for line in table.readlines()[1:]]
for share in (25, 50, 75, 100):
    print(f"looked at {share} % of {len(heights)} heights", flush=True)
    time.sleep(0.4)
with open(os.path.join(os.environ["OUTPUTS"], "summary.json"), "w") as result:
    json.dump({"lowest": min(heights), "highest": max(heights)}, result)
`
const ALGORITHM = {
  meta: {
    language: 'python', version: '1', rawcode: CODE,
    container: { entrypoint: 'python3 $ALGO', image: 'python', tag: '3.12', checksum: `sha256:${'8221d20c'.repeat(8)}` }
  }
}

// Events of an open-ended answer, as `[kind, data]`.
async function * events(reply) {
  let held = ''
  for await (const piece of reply.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (held + piece).split('\n\n')
    held = blocks.pop()
    for (const block of blocks) {
      const field = (name) => block.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      if (field('event')) yield [field('event'), JSON.parse(field('data'))]
    }
  }
}

async function authToken(gateway, consumer) {
  const nonce = String(Number(await provider.getNonce(gateway, consumer.address)) + 1)
  const text = ethers.utils.keccak256(ethers.utils.toUtf8Bytes(consumer.address + nonce))
  const signature = await consumer.signMessage(ethers.utils.arrayify(text))
  const expiration = String(Math.floor(Date.now() / 1000) + 3600)
  const query = new URLSearchParams({ address: consumer.address, nonce, expiration, signature })
  return (await (await fetch(`${gateway}/api/services/createAuthToken?${query}`)).json()).token
}

async function compute({ gateway, chainId, consumer, did, datatoken, step }) {
  step(10, 'Where can it be computed on?')
  const [environment] = (await provider.getComputeEnvironments(gateway))[chainId]
  console.log(`    ${environment.id}: ${environment.desc}`)

  step(11, 'A quote for ten minutes there, then the order of service 1: its consumer is the environment')
  const dataset = { documentId: did, serviceId: 'compute' }
  const until = Math.floor(Date.now() / 1000) + 600
  const quote = await provider.initializeCompute([dataset], ALGORITHM, environment.id, until, gateway, consumer.address)
  const zero = ethers.constants.AddressZero
  const order = await (await new ocean.Datatoken(consumer, chainId).startOrder(
    datatoken, environment.consumerAddress, 1, quote.datasets[0].providerFee,
    { consumeMarketFeeAddress: zero, consumeMarketFeeToken: zero, consumeMarketFeeAmount: '0' })).wait()

  step(12, 'The start: code goes to the data, which the wallet never sees')
  const [job] = await provider.computeStart(
    gateway, consumer, environment.id, { ...dataset, transferTxId: order.transactionHash }, ALGORITHM)
  console.log(`    job ${job.jobId}: ${job.statusText}`)

  step(13, 'Its log, live, over the native API: the same wallet, the same job')
  const headers = { Authorization: `Bearer ${await authToken(gateway, consumer)}`, Accept: 'text/event-stream' }
  const begun = Date.now()
  for await (const [kind, data] of events(await fetch(`${gateway}/tidegate/v1/jobs/${job.jobId}/logs`, { headers }))) {
    const text = kind === 'log' ? data.text.trimEnd().replace(/\n/g, ' ⏎ ') : `(${data.state})`
    console.log(`    ${((Date.now() - begun) / 1000).toFixed(1).padStart(5)} s  ${text}`)
  }

  step(14, 'Status and result')
  const [done] = await provider.computeStatus(gateway, consumer.address, job.jobId)
  assert.equal(done.status, 70)
  const result = await fetch(await provider.getComputeResultUrl(gateway, consumer, job.jobId, 0))
  assert.equal(result.status, 200)
  console.log(`    ${done.statusText}; ${result.headers.get('content-disposition')}: ${await result.text()}`)
}

module.exports = { compute }
