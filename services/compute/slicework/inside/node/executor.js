// Runs slices, one after the other: a line for each comes in, what became of it goes out. It is ended by its
// supervisor whenever a slice passes a limit.
//
//   in   [number,data]
//   out  b <number> <cpu microseconds so far>     it begins
//        l [level,text,when]                      it said something
//        r <retries that it wants> <result>       it is over
'use strict';
const fs = require('fs');
const path = require('path');
const vm = require('vm');

const EVERYDAY = ('Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date Error ' +
  'EvalError Float32Array Float64Array Function Int16Array Int32Array Int8Array JSON Map Math Number Object ' +
  'Promise Proxy RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TypeError ' +
  'Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet isFinite isNaN parseFloat parseInt ' +
  'console progress require work setTimeout clearTimeout setInterval clearInterval').split(' ');
const CUTS = 64; // trailing comments that are tried
const SLOWEST_LOOK = 20; // milliseconds, at what comes by no timer of the function's

// The source less its trailing semicolons, blanks and comments, the longest first.
function* expressions(source) {
  let left = source;
  for (let cuts = 0; cuts < CUTS; cuts += 1) {
    left = left.replace(/[;\s]+$/, '');
    yield left;
    if (left.endsWith('*/') && left.includes('/*')) {
      left = left.slice(0, left.lastIndexOf('/*'));
      continue;
    }
    const line = left.lastIndexOf('\n') + 1;
    const comment = left.lastIndexOf('//');
    if (comment < line) return;
    left = left.slice(0, comment);
  }
}

// Places in its first line are counted from where the function's own text begins.
function compiled(before, text, after, strict) {
  const prefix = `${strict ? '"use strict";' : ''}${before}`;
  return new vm.Script(`${prefix}${text}${after}`, { filename: 'work.js', columnOffset: -prefix.length });
}

// What the script is called with makes everyday names cheap: a context's globals are looked up slowly.
function workScript(source, strict) {
  let first;
  for (const text of expressions(source)) {
    try {
      compiled('(', text, '\n)', strict);
      return compiled(`((${EVERYDAY})=>(`, text, `\n))(${EVERYDAY})`, strict);
    } catch (error) {
      first = first || error;
    }
  }
  throw first;
}

function contextOf(folder, job, source) {
  const options = { microtaskMode: 'afterEvaluate', codeGeneration: { strings: true, wasm: true } };
  const context = vm.createContext(Object.create(null), options);
  const text = fs.readFileSync(path.join(folder, 'realm.js'), 'utf8');
  const realm = new vm.Script(text, { filename: 'realm.js' }).runInContext(context);
  realm.begin(JSON.stringify(job));
  for (const name of job.packages) {
    const body = fs.readFileSync(path.join(folder, 'packages', `${encodeURIComponent(name)}.js`), 'utf8');
    const wrapped = `(function (module, exports, require) {${body}\n})`;
    realm.package(name, new vm.Script(wrapped, { filename: `${name}.js` }).runInContext(context));
  }
  const pump = new vm.Script('0');
  return { context, realm, pump: () => pump.runInContext(context), source };
}

function load(world, job) {
  let script;
  try {
    script = workScript(world.source, job.strict);
  } catch (error) {
    world.realm.unreadable('SyntaxError', String(error.message));
    return;
  }
  let value;
  try {
    value = script.runInContext(world.context);
  } catch (error) {
    world.realm.broken(error); // it is the context's: nothing here looks into it
    return;
  }
  world.realm.handler(value);
}

let rest = Buffer.alloc(0);
const room = Buffer.alloc(1 << 16);

// The next line; undefined when there will be none.
function nextLine() {
  const parts = [rest];
  let end = rest.indexOf(10);
  while (end < 0) {
    const read = fs.readSync(0, room, 0, room.length, null);
    if (read === 0) return undefined;
    const part = Buffer.from(room.subarray(0, read));
    end = part.indexOf(10);
    parts.push(part);
  }
  const last = parts.pop();
  rest = last.subarray(end + 1);
  parts.push(last.subarray(0, end));
  return Buffer.concat(parts).toString('utf8');
}

function say(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(1, bytes, at);
}

function cpu() {
  const { user, system } = usage();
  return user + system;
}

const usage = process.cpuUsage.bind(process);
const leave = process.exit.bind(process);
const lastly = setTimeout;

function pause(milliseconds) {
  return new Promise((resolve) => lastly(resolve, milliseconds));
}

// What the function said since.
function tell(world) {
  let said;
  try {
    said = world.realm.said();
  } catch {
    return;
  }
  if (typeof said !== 'string' || said === '') return;
  for (const line of said.split('\n')) say(`l ${line}\n`);
}

async function patience(world) {
  let looks = 0;
  for (;;) {
    world.pump();
    tell(world);
    const found = world.realm.result();
    if (found !== undefined) return found;
    const due = world.realm.due();
    looks += 1;
    await pause(due < 0 ? Math.min(looks, SLOWEST_LOOK) : Math.min(due, SLOWEST_LOOK));
    world.realm.fire();
  }
}

// It may come at once, or later.
async function outcome(world, line) {
  try {
    return world.realm.run(line) ?? (await patience(world));
  } catch {
    return BAD; // the function broke what stands around it
  }
}

const BAD = '{"e":{"code":"EUNSERIALIZABLE","name":"TypeError","message":"Its result is no text.","stack":""}}';

function kept(found, most) {
  const is_good = typeof found === 'string' && found.length <= most && found.startsWith('{"');
  return is_good && !found.includes('\n') ? found : BAD;
}

async function main() {
  const [folder] = process.argv.slice(2);
  const job = JSON.parse(fs.readFileSync(path.join(folder, 'job.json'), 'utf8'));
  const world = contextOf(folder, job, fs.readFileSync(path.join(folder, 'work.txt'), 'utf8'));
  const most = 2 * (job.value_bytes + job.console_bytes) + (1 << 17);
  delete globalThis.process;
  let is_loaded = false;
  for (;;) {
    const line = nextLine();
    if (line === undefined) leave(0);
    const number = parseInt(line.slice(1), 10);
    const before = cpu();
    say(`b ${number} ${before}\n`);
    if (!is_loaded) load(world, job);
    is_loaded = true;
    const found = await outcome(world, line);
    tell(world);
    const again = world.realm.again();
    const spent = ((cpu() - before) / 1e6).toFixed(6);
    say(`r ${typeof again === 'number' ? again : 0} {"n":${number},"c":${spent},${kept(found, most).slice(1)}\n`);
  }
}

main().catch(() => leave(70));
