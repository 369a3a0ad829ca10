// Stands between the exchange folder and the process that runs slices: hands them on, writes down what became
// of them, and ends the process when a slice passes a limit. Only that slice is lost then.
'use strict';
const fs = require('fs');
const path = require('path');
const { Child } = require('./child.js');
const { Exchange } = require('./exchange.js');
const { Log } = require('./says.js');

const TICK = 20; // milliseconds
const IDLE_TICK = 50;
const IDLE_AFTER = 1000;
const AHEAD = 128; // slices that the process has in its pipe
const AHEAD_TEXT = 1 << 18;
const STARTS = 5; // in a row that came to nothing
const MOST_SAID = 1 << 17; // characters of what a slice says
const BASE_BYTES = 80 << 20; // what the process is without any slice

class Supervisor {
  constructor(folder, job, exchange) {
    Object.assign(this, { folder, job, exchange });
    this.queue = []; // not sent
    this.sent = []; // the first of them is at work, when `begun` is set
    this.begun = undefined; // when, with how much processor time
    this.told = false; // that it is at work
    this.said = []; // by the slice at work
    this.saidLength = 0;
    this.log = new Log(job.log_bytes);
    this.starts = 0;
    this.child = undefined;
    this.moved = Date.now();
  }

  run() {
    this.tick();
    const idle = this.sent.length === 0 && Date.now() - this.moved > IDLE_AFTER;
    setTimeout(() => this.run(), idle ? IDLE_TICK : TICK);
  }

  tick() {
    const is_stopped = this.exchange.is_stopped;
    for (const slice of this.exchange.take()) this.queue.push(slice);
    this.hand();
    this.guard();
    if (this.begun && !this.told) {
      this.exchange.say(this.sent[0].seq, `{"begin":${this.sent[0].number}}`);
      this.told = true;
    }
    this.exchange.flush();
    if (is_stopped && this.queue.length + this.sent.length === 0) process.exit(0);
  }

  hand() {
    if (this.queue.length === 0 || this.sent.length > AHEAD / 2) return;
    if (!this.child) this.start();
    let text = '';
    while (this.queue.length > 0 && this.sent.length < AHEAD && text.length < AHEAD_TEXT) {
      const slice = this.queue.shift();
      this.sent.push(slice);
      text += `${slice.line}\n`;
    }
    this.child.send(text);
  }

  start() {
    if (this.starts >= STARTS) {
      console.error('the process that runs slices cannot be started');
      process.exit(1);
    }
    this.starts += 1;
    const child = new Child(this.folder, this.job, (line) => this.hear(line), (is_oom) => this.lost(child, is_oom));
    this.child = child;
  }

  hear(line) {
    this.moved = Date.now();
    const [kind, first, second] = line.split(' ', 3);
    if (kind === 'b') {
      this.begun = { at: this.moved, cpu: Number(second) / 1e6 };
      this.told = false;
      this.starts = 0;
      this.said = [];
      this.saidLength = 0;
    } else if (kind === 'l' && this.begun) {
      this.heed(line.slice(2));
    } else if (kind === 'r' && this.begun) {
      this.ended(line.slice(3 + first.length), Number(first));
      this.hand();
    }
  }

  // What the slice at work says.
  heed(line) {
    this.saidLength += line.length;
    if (this.saidLength > MOST_SAID) return;
    if (this.log.add(this.sent[0].number, line)) this.said.push(line);
  }

  // What the slice at work came to; `again`: how many more tries it wants.
  ended(result, again) {
    const slice = this.sent.shift();
    this.begun = undefined;
    this.child.served += 1;
    slice.tries += 1;
    if (again >= slice.tries) this.queue.unshift(slice);
    else this.say(slice, result.slice(1));
  }

  // `rest`: a JSON object without its opening brace.
  say(slice, rest) {
    const lines = this.said.length > 0 ? `"l":[${this.said}],` : '';
    this.exchange.say(slice.seq, `{"t":${slice.tries},${lines}${rest}`);
    this.said = [];
    slice.batch.left -= 1;
    if (slice.batch.left === 0) this.exchange.say(slice.seq, '{"end":true}');
  }

  // Limits of the slice at work.
  guard() {
    if (!this.begun) return;
    const { wall_seconds: wall, cpu_seconds: cpu, memory_bytes: memory } = this.job;
    const seen = this.child.look();
    if (seen.bytes > memory + BASE_BYTES) this.outOfMemory();
    else if (Date.now() - this.begun.at > wall * 1000)
      this.fail('ESLICETOOSLOW', `It ran for the ${wall} seconds that a slice may run.`, seen);
    else if (seen.cpu - this.begun.cpu > cpu)
      this.fail('ESLICETOOSLOW', `It used the ${cpu} seconds of processor time that a slice may use.`, seen);
  }

  outOfMemory() {
    const seen = this.child.look();
    // What earlier slices left there is none of its fault.
    if (this.child.served > 0) this.again();
    else this.fail('EMEMORY', `It wanted more than ${this.job.memory_bytes >> 20} MiB.`, seen);
  }

  fail(code, message, seen) {
    const slice = this.sent.shift();
    const spent = Math.max(0, seen.cpu - this.begun.cpu).toFixed(6);
    slice.tries += 1;
    this.again();
    const error = JSON.stringify({ code, name: 'Error', message, stack: '' });
    this.say(slice, `"n":${slice.number},"c":${spent},"e":${error}}`);
  }

  // A fresh process, for all that was sent to this one.
  again() {
    if (this.child) this.child.kill();
    this.child = undefined;
    this.begun = undefined;
    this.queue = [...this.sent, ...this.queue];
    this.sent = [];
  }

  lost(child, is_oom) {
    if (child !== this.child) return;
    const slice = this.sent[0];
    if (this.begun && is_oom) return this.outOfMemory();
    if (this.begun && child.served === 0) slice.losses += 1;
    if (this.begun && slice.losses >= this.job.tries) {
      slice.tries = slice.losses - 1;
      this.fail('EWORKERLOST', 'The process that ran it ended under it.', { cpu: 0 });
    } else this.again();
  }
}

const [folder] = process.argv.slice(2);
const job = JSON.parse(fs.readFileSync(path.join(folder, 'job.json'), 'utf8'));
const lane = path.join(job.exchange, process.env.TIDEGATE_INDEX || '0');
new Supervisor(folder, job, new Exchange(lane)).run();
