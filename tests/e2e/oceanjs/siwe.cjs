// The lines of docs/dapp-developers.md, "Signing in with a wallet", with ethers 5 and 6, and accounts after that.
'use strict'
const { GATEWAY: gateway } = process.env

const say = (step, more = {}) => console.log(JSON.stringify({ step, ...more }))

async function signedIn(signer, scope) {
  const query = new URLSearchParams({ address: await signer.getAddress() })
  const { message } = await (await fetch(`${gateway}/tidegate/v1/siwe/challenge?${query}`)).json()
  const signature = await signer.signMessage(message) // the text as it stands
  const subject = btoa(JSON.stringify({ message, signature })).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    client_id: 'tidegate-dapp',
    subject_token_type: 'urn:tidegate:params:oauth:token-type:siwe',
    subject_token: subject,
    scope
  })
  const reply = await fetch(`${gateway}/oauth2/token`, { method: 'POST', body })
  const answer = await reply.json()
  if (reply.status !== 200) throw new Error(`no token: ${JSON.stringify(answer)}`)
  const again = await fetch(`${gateway}/oauth2/token`, { method: 'POST', body })
  if (again.status !== 400) throw new Error(`the same text twice: ${again.status}`)
  return answer.access_token
}

async function call(token, method, path, content) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  const reply = await fetch(`${gateway}/tidegate/v1${path}`, { method, headers, body: content && JSON.stringify(content) })
  return { status: reply.status, ...(await reply.json()) }
}

async function main() {
  for (const release of ['ethers5', 'ethers6']) {
    const { Wallet } = require(release)
    const [first, second] = [Wallet.createRandom(), Wallet.createRandom()]
    const token = await signedIn(first, 'keys job:read job:write')
    const other = await signedIn(second, 'job:read')
    say('signed in', { release, address: first.address, token, whoami: await call(token, 'GET', '/whoami') })
    const account = await call(token, 'POST', '/me', { username: `dapp-${release}` })
    const { message } = await call(token, 'GET', `/me/wallets/challenge?address=${second.address}`)
    const signature = await second.signMessage(message)
    const linked = await call(token, 'POST', '/me/wallets', { message, signature })
    const both = [await call(token, 'GET', '/whoami'), await call(other, 'GET', '/whoami')]
    say('linked', { release, account, linked, second: second.address, subjects: both.map((item) => item.subject) })
    const gone = await call(token, 'DELETE', `/me/wallets/${second.address}`)
    say('taken away', { release, gone, subject: (await call(other, 'GET', '/whoami')).subject })
  }
}

main().then(() => say('done'), (error) => { console.error(error); process.exit(1) })
