// The folder in which slices come and results go: in/<seq>.jsonl is whole when it is there, a line `[n,data]`
// for each slice; out/<seq>.jsonl grows. A file `stop` says that no more will come.
'use strict';
const fs = require('fs');
const path = require('path');

class Exchange {
  constructor(folder) {
    this.in = path.join(folder, 'in');
    this.out = path.join(folder, 'out');
    this.stop = path.join(folder, 'stop');
    this.seen = new Set();
    this.unwritten = new Map(); // texts by batch
    fs.mkdirSync(this.in, { recursive: true });
    fs.mkdirSync(this.out, { recursive: true });
  }

  // Slices of batches that are new: {seq, number, line}, in order.
  take() {
    const fresh = [];
    for (const name of fs.readdirSync(this.in)) {
      const match = /^(\d{1,15})\.jsonl$/.exec(name);
      if (match && !this.seen.has(match[1])) fresh.push(match[1]);
    }
    fresh.sort((one, other) => one - other);
    return fresh.flatMap((seq) => this.slices(seq));
  }

  slices(seq) {
    let text;
    try {
      text = fs.readFileSync(path.join(this.in, `${seq}.jsonl`), 'utf8');
    } catch (error) {
      if (error.code === 'ENOENT') return [];
      throw error;
    }
    this.seen.add(seq);
    const lines = text.split('\n').filter((line) => /^\[\d+,/.test(line));
    if (lines.length === 0) this.say(seq, '{"end":true}');
    const batch = { left: lines.length };
    return lines.map((line) => ({ seq, batch, line, number: parseInt(line.slice(1), 10), tries: 0, losses: 0 }));
  }

  say(seq, line) {
    this.unwritten.set(seq, `${this.unwritten.get(seq) ?? ''}${line}\n`);
  }

  flush() {
    for (const [seq, text] of this.unwritten) fs.appendFileSync(path.join(this.out, `${seq}.jsonl`), text);
    this.unwritten.clear();
  }

  get is_stopped() {
    return fs.existsSync(this.stop);
  }
}

module.exports = { Exchange };
