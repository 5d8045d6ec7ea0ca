/** A progress bar fed by the sidecar's own reports, and the way out. */

import { useState } from 'react';

import { cancel } from './backup';
import type { Job } from './useJob';

export function ProgressPanel({ job }: { job: Job }) {
  const [isStopping, setStopping] = useState(false);
  return (
    <section id="progress" className="card progress" aria-label={job.title}>
      <div className="row">
        <h2>{job.title}</h2>
        <span className="percentage" aria-hidden="true">{Math.floor(job.percentage)} %</span>
      </div>
      <progress max={100} value={job.percentage} aria-label={job.title} />
      <div className="row">
        {/* Phases are told by a screen reader, percentages are not: the bar says those when it is asked. */}
        <p role="status">{isStopping ? 'Stopping…' : job.message || 'Starting…'}</p>
        <button
          id="cancel"
          disabled={isStopping}
          onClick={() => {
            setStopping(true);
            void cancel();
          }}
        >
          Cancel
        </button>
      </div>
    </section>
  );
}
