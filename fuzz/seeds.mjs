// Makes seeds from the captured exchanges and look-alikes under tests/fixtures.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const fixtures = new URL('../tests/fixtures/', import.meta.url).pathname
const corpus = new URL('./corpus/', import.meta.url).pathname
const counts = {}

function seed(target, text) {
  counts[target] = (counts[target] ?? 0) + 1
  writeFileSync(join(corpus, target, `seed-${counts[target]}`), text)
}

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? files(path) : path.endsWith('.json') ? [path] : []
  })
}

/** Every text under a key, at any depth. */
function texts(value, key) {
  if (Array.isArray(value)) return value.flatMap((item) => texts(item, key))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, item]) =>
    name === key && typeof item === 'string' ? [item] : texts(item, key))
}

function document(body) {
  seed('activity', body)
  const value = JSON.parse(body)
  for (const key of ['content', 'summary']) for (const text of texts(value, key)) seed('html', text)
  for (const id of texts(value, 'id')) seed('address', id)
}

for (const target of ['signature', 'activity', 'html', 'address', 'link']) {
  mkdirSync(join(corpus, target), { recursive: true })
}
for (const path of files(join(fixtures, 'peers'))) {
  const exchange = JSON.parse(readFileSync(path, 'utf8'))
  for (const body of [exchange.request_body_raw, exchange.response_body_raw]) {
    if (typeof body === 'string' && body.startsWith('{')) try { document(body) } catch { /* not JSON */ }
  }
  const headers = exchange.request_headers ?? {}
  const lines = Array.isArray(headers) ? headers : Object.entries(headers)
  const kept = lines.filter(([name]) => /^(signature|signature-input|digest|content-digest|date|host)$/i.test(name))
  if (kept.length > 0) seed('signature', kept.map(([name, value]) => `${name.toLowerCase()}: ${value}`).join('\n'))
  for (const link of texts(exchange.response_headers ?? {}, 'link')) seed('link', link)
}
for (const path of files(join(fixtures, 'lookalike'))) document(readFileSync(path, 'utf8'))
for (const name of ['rsa.pub.pem', 'rsa.pkcs1.pem', 'ed25519.pub.pem']) {
  seed('signature', readFileSync(join(fixtures, 'keys', name), 'utf8'))
}
for (const text of ['acct:ada@kring.example', 'https://kring.example/@ada', 'https://kring.example/posts/117696', '!noord@x']) {
  seed('address', text)
}
seed('link', '<https://a.example/1>; rel="alternate"; type="application/activity+json", </x>; rel=next')
seed('link', '<head><link rel="alternate" type="application/activity+json" href="/notes/1?a=1&amp;b=2"><body>')
console.log(counts)
