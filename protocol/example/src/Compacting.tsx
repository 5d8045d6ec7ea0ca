/** How the database's file gets smaller: not while KiraPilot has it open, so what to do instead, if it is worth it. */

import { useRef, useState } from 'react';

import type { CommandLine, DatabaseCheck } from './backup';
import { Dialog } from './Dialog';
import { sizeOf } from './times';

/** Below one byte in so many the sidecar leaves the file as it is. */
const LEAST_SHARE = 10;

export interface Look {
  check: DatabaseCheck;
  command: CommandLine;
}

export function Compacting({ look: { check, command }, onClose }: { look: Look; onClose: () => void }) {
  // With these it would be refused.
  const inTheWay = check.findings.filter(({ severity, code }) => severity === 'damage' || code === 'index_lacks_rows');
  const isWorthIt = inTheWay.length === 0 && check.free * LEAST_SHARE >= check.size;
  return (
    <Dialog
      id="compacting"
      title="Compact the database"
      onClose={onClose}
      actions={
        <button data-first className={isWorthIt ? '' : 'primary'} onClick={onClose}>
          Close
        </button>
      }
    >
      {inTheWay.length > 0 ? (
        inTheWay.slice(0, 3).map(({ message }) => (
          <p key={message} className="line">
            {message}
          </p>
        ))
      ) : (
        <p id="gain">
          The database is a file of {sizeOf(check.size)}, of which {check.free === 0 ? 'nothing is' : `${sizeOf(check.free)} are`}{' '}
          free.{!isWorthIt && ' There is too little to gain: nothing has to be done.'}
        </p>
      )}
      {isWorthIt && <Steps command={command} />}
    </Dialog>
  );
}

function Steps({ command: { line, shell, lasts } }: { command: CommandLine }) {
  const shown = useRef<HTMLElement>(null);
  const [said, setSaid] = useState('');

  async function copy() {
    try {
      await navigator.clipboard.writeText(line);
      setSaid('Copied.');
    } catch {
      // Where a page may not: then whoever wants it can, by the keyboard.
      if (shown.current) window.getSelection()?.selectAllChildren(shown.current);
      setSaid('It is selected: copy it.');
    }
  }

  return (
    <>
      <p>KiraPilot has the file open as long as it runs, and it can be made smaller only while nobody has:</p>
      <ol className="steps">
        <li>
          Copy this command:
          <code id="command" ref={shown} className="command">
            {line}
          </code>
          <span className="row">
            <button id="copy" className="small" onClick={() => void copy()}>
              Copy
            </button>
            <span role="status" className="quiet">
              {said}
            </span>
          </span>
        </li>
        {!lasts && (
          <li id="passing">
            The program it names goes away together with KiraPilot: copy that file elsewhere, and write its new place into
            the command.
          </li>
        )}
        <li>Close KiraPilot.</li>
        <li>Paste it into {shell}, and press Return. No row changes; it says how much smaller the file is.</li>
      </ol>
    </>
  );
}
