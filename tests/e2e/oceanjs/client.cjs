// What differs between the releases of ocean.js, in one place: ethers 5 or 6, renamed and reordered calls.
'use strict'
const crypto = require('node:crypto')

const { OCEANJS_VERSION: version, GATEWAY: gateway, RPC: rpc, CHAIN_ID: chainIdText, MNEMONIC: mnemonic } = process.env
const chainId = Number(chainIdText)
const [major, minor] = version.split('.').map(Number)
const ocean = require(`oceanjs-${version}`)
const ethers = require(major >= 5 ? 'ethers6' : 'ethers5')

ocean.LoggerInstance.setLevel(ocean.LogLevel.None ?? -1)

function wallet(index) {
  if (major >= 5) {
    const node = new ethers.JsonRpcProvider(rpc, chainId, { staticNetwork: true, pollingInterval: 50, cacheTimeout: -1 })
    const path = `m/44'/60'/0'/0/${index}`
    const { privateKey } = ethers.HDNodeWallet.fromPhrase(mnemonic, undefined, path)
    return new ethers.Wallet(privateKey, node)
  }
  const node = new ethers.providers.JsonRpcProvider(rpc)
  node.pollingInterval = 50
  return ethers.Wallet.fromMnemonic(mnemonic, `m/44'/60'/0'/0/${index}`).connect(node)
}

const utf8 = (text) => (major >= 5 ? ethers.toUtf8Bytes(text) : ethers.utils.toUtf8Bytes(text))
const keccak = (bytes) => (major >= 5 ? ethers.keccak256(bytes) : ethers.utils.keccak256(bytes))
const bytesOf = (hex) => (major >= 5 ? ethers.getBytes(hex) : ethers.utils.arrayify(hex))
const signText = (signer, text) => signer.signMessage(bytesOf(keccak(utf8(text))))
const sha256 = (data) => crypto.createHash('sha256').update(data).digest('hex')
const parseUnits = (text, decimals) => (major >= 5 ? ethers : ethers.utils).parseUnits(text, decimals)

function config() {
  // Until 3.1 the variable held the addresses themselves, from 3.2 on the name of their file.
  if (major === 3 && minor < 2) process.env.ADDRESS_FILE = require('node:fs').readFileSync(process.env.ADDRESS_FILE, 'utf8')
  const found = new ocean.ConfigHelper().getConfig(chainId)
  found.providerUri = gateway
  found.metadataCacheUri = gateway
  found.oceanNodeUri = gateway
  found.nodeUri = rpc
  return found
}

const provider = ocean.ProviderInstance
const encrypt = (data, signer) =>
  major >= 5 ? provider.encrypt(data, chainId, gateway, signer) : provider.encrypt(data, chainId, gateway)
const validate = (aquarius, ddo, signer) =>
  major >= 4 ? aquarius.validate(ddo, signer, gateway) : aquarius.validate(ddo)
// From 4.3.7 on a policy server argument stands before the user's parameters.
const downloadUrl = (did, serviceId, index, tx, signer, userdata) =>
  major > 4 || (major === 4 && minor >= 3)
    ? provider.getDownloadUrl(did, serviceId, index, tx, gateway, signer, undefined, userdata)
    : provider.getDownloadUrl(did, serviceId, index, tx, gateway, signer, userdata)
const wait = (aquarius, did, txid) =>
  aquarius.waitForIndexer
    ? aquarius.waitForIndexer(did, txid, undefined, 200, 150)
    : aquarius.waitForAqua(did, txid)

module.exports = {
  version, major, minor, gateway, rpc, chainId, ocean, ethers, provider,
  wallet, signText, sha256, parseUnits, config, encrypt, validate, downloadUrl, wait
}
