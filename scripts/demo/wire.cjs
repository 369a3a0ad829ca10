// Prints every HTTP call of this process to the gateway, shortened; changes nothing about the calls.
'use strict'
const http = require('node:http')

const gateway = new URL(process.env.GATEWAY)
const short = (text, most = 160) => (text.length > most ? `${text.slice(0, most)}… (${text.length} characters)` : text)
const readable = (text) => decodeURIComponent(text).replace(/(signature=0x[0-9a-f]{8})[0-9a-f]+/g, '$1…')
const isText = (type) => /json|text|csv/.test(type ?? '')

function listen(request) {
  let body = ''
  const write = request.write.bind(request)
  const end = request.end.bind(request)
  const keep = (chunk) => {
    if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) body += chunk.toString()
  }
  request.write = (chunk, ...rest) => { keep(chunk); return write(chunk, ...rest) }
  request.end = (chunk, ...rest) => { keep(chunk); return end(chunk, ...rest) }
  request.prependOnceListener('response', (response) => {
    const chunks = []
    response.on('data', (chunk) => chunks.push(chunk))
    response.on('end', () => {
      const data = Buffer.concat(chunks)
      console.log(`    → ${request.method} ${short(readable(request.path), 220)}${body ? `  ${short(body, 120)}` : ''}`)
      const type = response.headers['content-type']
      console.log(`    ← ${response.statusCode} ${isText(type) ? short(data.toString().replace(/\n/g, ' ⏎ ')) : `${data.length} bytes`}`)
    })
  })
  return request
}

const original = http.request
http.request = function (...args) {
  const request = original.apply(this, args)
  return request.host === gateway.hostname && String(request.agent?.options?.port ?? args[0]?.port ?? '') !== '' &&
    String(args[0]?.port) === gateway.port ? listen(request) : request
}
