// Compute-to-data with an unmodified ocean.js; prints one JSON line per step, ends 1 on the first failure.
// Usage: OCEANJS_VERSION=3.4.6 GATEWAY=.. RPC=.. CHAIN_ID=.. MNEMONIC=.. ADDRESS_FILE=.. FILES=.. node compute.cjs
'use strict'
const assert = require('node:assert/strict')
const c = require('./client.cjs')
const { publish, order } = require('./assets.cjs')
const { ocean, provider, gateway, chainId } = c

const first = Number(process.env.ACCOUNT ?? 4)
const [publisher, consumer] = [c.wallet(first), c.wallet(first + 1)]
const files = JSON.parse(process.env.FILES) // {tides, more, algorithm}: {url, size}
const FREE = 'ocean-compute'
const PRICED = 'ocean-compute-env2'
const CONTAINER = {
  entrypoint: 'python3 $ALGO', image: 'python', tag: '3.12',
  checksum: 'sha256:8221d20c1c16491d7d56b9657ea09082c0ee4a8ab1a6621fa720da58b09580e4'
}
const COUNT = `
import json, os
found = {}
for did in json.loads(os.environ["DIDS"]):
    folder = os.path.join(os.environ["INPUTS"], did)
    found[did] = sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))
print("counted", len(found))
with open(os.path.join(os.environ["OUTPUTS"], "sizes.json"), "w") as handle:
    json.dump(found, handle)
`
// 3.1.4 takes additional datasets and never sends them.
const SENDS_OTHERS = c.major > 3 || c.minor >= 4
const bare = (did) => did.replace('did:op:', '')

function report(step, facts) {
  process.stdout.write(`${JSON.stringify({ step, version: c.version, ...facts })}\n`)
}

const asset = ({ did }, transferTxId) => ({ documentId: did, serviceId: 'service-1', ...(transferTxId && { transferTxId }) })
const raw = (rawcode) => ({ meta: { language: 'python', version: '1', rawcode, container: CONTAINER } })

async function initialize(datasets, algorithm, env) {
  const validUntil = Math.floor(Date.now() / 1000) + 600
  const who = c.major >= 4 ? consumer : await consumer.getAddress()
  return provider.initializeCompute(datasets.map((one) => asset(one)), algorithm, env.id, validUntil, gateway, who)
}

// Releases from 4 on hand all datasets over as one list; their older call names the first one and the others.
function computeStart(env, used, what, { old }) {
  if (c.major >= 4 && !old) return provider.computeStart(gateway, consumer, env.id, used, what, [], chainId)
  const call = provider.computeStartV1 ?? provider.computeStart
  return call.call(provider, gateway, consumer, env.id, used[0], what, undefined, used.slice(1))
}

// Quote, orders, start: what a market does. Returns the job and the orders that were used.
async function start(datasets, algorithm, env, how = {}) {
  const named = algorithm.did ? asset(algorithm) : algorithm
  const quote = await initialize(datasets, named, env)
  assert.equal(quote.datasets.length, datasets.length)
  const txs = []
  for (const [index, one] of datasets.entries()) {
    txs.push(await order(consumer, quote.datasets[index], one.datatoken, env.consumerAddress))
  }
  const used = datasets.map((one, index) => asset(one, txs[index]))
  let what = algorithm
  if (algorithm.did) what = asset(algorithm, await order(consumer, quote.algorithm, algorithm.datatoken, env.consumerAddress))
  const jobs = await computeStart(env, used, what, how)
  assert.ok(jobs, 'computeStart gave no job')
  const job = Array.isArray(jobs) ? jobs[0] : jobs
  assert.match(job.jobId, /^[0-9a-f]{32}$/)
  return { job, fee: quote.datasets.map((entry) => entry.providerFee?.providerFeeAmount ?? null), agreementId: job.agreementId }
}

async function status(jobId) {
  const found = await provider.computeStatus(gateway, await consumer.getAddress(), jobId)
  return (Array.isArray(found) ? found : [found])[0]
}

async function until(what, jobId, condition) {
  const deadline = Date.now() + 60000
  for (;;) {
    const found = await status(jobId)
    if (found && condition(found)) return found
    assert.ok(Date.now() < deadline, `${what}: ${JSON.stringify(found)}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

// The unsigned view tells no results; the order of what is there is outputs first, then logs.
async function result(jobId, index) {
  const url = await provider.getComputeResultUrl(gateway, consumer, jobId, index)
  const reply = await fetch(url)
  assert.equal(reply.status, 200, await reply.clone().text())
  return { text: await reply.text(), name: reply.headers.get('content-disposition') }
}

async function counted(name, datasets, algorithm, env, sizes, how) {
  const { job, fee } = await start(datasets, algorithm, env, how)
  const done = await until(name, job.jobId, (now) => now.dateFinished)
  assert.equal(done.status, 70, JSON.stringify(done))
  const { text, name: header } = await result(job.jobId, 0)
  assert.match(header, /sizes\.json/)
  const arrived = SENDS_OTHERS ? datasets : datasets.slice(0, 1)
  assert.deepEqual(JSON.parse(text), Object.fromEntries(arrived.map(({ did }, index) => [bare(did), sizes[index]])))
  report(name, { jobId: job.jobId, status: done.status, statusText: done.statusText, fee, arrived: arrived.length })
  return job
}

async function stopped(dataset, env) {
  const { job } = await start([dataset], raw('import time\nprint("begun", flush=True)\ntime.sleep(300)\n'), env)
  await until('running', job.jobId, (now) => now.status === 40)
  const asked = [dataset.did, await consumer.getAddress(), job.jobId, gateway, consumer]
  // Early releases name no order.
  const answer = await provider.computeStop(...asked, ...(c.major > 3 || c.minor >= 4 ? [job.agreementId] : []))
  assert.ok(answer)
  const done = await until('the stop', job.jobId, (now) => now.dateFinished)
  assert.equal(done.status, 70)
  report('stop', { jobId: job.jobId, statusText: done.statusText, stopreq: done.stopreq })
  return job
}

async function failed(dataset, env) {
  const { job } = await start([dataset], raw('print("about to fail")\nraise SystemExit(3)\n'), env)
  const done = await until('the failure', job.jobId, (now) => now.dateFinished)
  report('failure', { jobId: job.jobId, status: done.status, statusText: done.statusText })
  const { text } = await result(job.jobId, 0)
  assert.match(text, /about to fail/)
}

async function deleted(dataset, job) {
  const answer = await provider.computeDelete(dataset.did, consumer, job.jobId, gateway)
  assert.ok(answer)
  assert.equal(await status(job.jobId), undefined)
  const url = await provider.getComputeResultUrl(gateway, consumer, job.jobId, 0)
  const reply = await fetch(url)
  assert.equal(reply.status, 404, await reply.clone().text())
  report('delete', { jobId: job.jobId })
}

async function main() {
  const compute = {
    type: 'compute',
    compute: {
      allowRawAlgorithm: true, allowNetworkAccess: false,
      publisherTrustedAlgorithmPublishers: [], publisherTrustedAlgorithms: []
    }
  }
  const environments = (await provider.getComputeEnvironments(gateway))[chainId]
  const [free, priced] = [FREE, PRICED].map((id) => environments.find((entry) => entry.id === id))
  report('environments', { ids: environments.map((entry) => entry.id) })
  const dataset = (name, file) => ({ metadata: { name, type: 'dataset' }, service: compute, url: file.url })
  const tides = await publish(publisher, consumer, dataset('Tides to compute on', files.tides))
  const more = await publish(publisher, consumer, dataset('More to compute on', files.more))
  const algorithm = await publish(publisher, consumer, {
    metadata: { name: 'Count bytes', type: 'algorithm', algorithm: { language: 'python', version: '1', container: CONTAINER } },
    service: { type: 'access' }, url: files.algorithm.url
  })
  report('publish', { dids: [tides.did, more.did, algorithm.did] })
  const sizes = [files.tides.size, files.more.size]
  await counted('published', [tides], algorithm, free, sizes)
  await counted('raw', [tides], raw(COUNT), free, sizes)
  await counted('additional', [tides, more], algorithm, free, sizes)
  await counted('older', [tides, more], algorithm, free, sizes, { old: true })
  await counted('priced', [tides], algorithm, priced, sizes)
  await failed(tides, free)
  await deleted(tides, await stopped(tides, free))
  report('done', {})
}

main().then(() => process.exit(0), (error) => {
  process.stderr.write(`${error.stack}\n`)
  process.exit(1)
})
