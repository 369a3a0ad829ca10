// What slices say, as lines of this program's own output: the job's log. Not more than a log may hold.
'use strict';
const fs = require('fs');

class Log {
  // `most` bytes in all: a log that grows too long would end the sandbox.
  constructor(most) {
    this.left = most;
  }

  // `line` is what an executor sent: [level,text,when]. False: it is no such line.
  add(number, line) {
    let text;
    try {
      text = JSON.parse(line)[1];
    } catch {
      return false;
    }
    if (typeof text !== 'string') return false;
    const shown = text.split('\n').map((part) => `slice ${number}: ${part}\n`).join('');
    const bytes = Buffer.from(shown);
    this.left = bytes.length < this.left ? this.left - bytes.length : 0;
    if (this.left > 0) this.put(bytes);
    return true;
  }

  put(bytes) {
    try {
      for (let at = 0; at < bytes.length; ) at += fs.writeSync(1, bytes, at);
    } catch {
      this.left = 0; // nobody reads it
    }
  }
}

module.exports = { Log };
