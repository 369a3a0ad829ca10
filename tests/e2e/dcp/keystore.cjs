// What the snippet of dcp-rest's README makes with a release of dcp-client, which asks no scheduler for anything.
// Usage: node keystore.cjs RELEASE PASSWORD [LABEL]. Prints {"token", "address", "keystore"}.
'use strict';
process.env.DCP_CONFIG_LOCATION = '';
const [, , release, idKeystorePass, label] = process.argv;

async function main() {
  const client = require(`dcp-client-${release}`);
  await client.init({ scheduler: 'http://127.0.0.1:9/', parseArgv: false, reportErrors: false });
  const wallet = require('dcp/wallet');
  const made = await new wallet.IdKeystore(null, idKeystorePass);
  if (label) made.label = label;
  wallet.addId(made);

  // As printed there, with the `await` that is missing.
  const idKeystore = await wallet.getId();
  const idKeystoreJSON = `${JSON.stringify(idKeystore.toJSON())}`;
  const token = `Basic ${btoa(idKeystoreJSON + ':' + idKeystorePass)}`;

  console.log(JSON.stringify({ token, address: String(idKeystore.address), keystore: idKeystoreJSON }));
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
