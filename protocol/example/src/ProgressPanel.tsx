/** A progress bar fed by the sidecar's own reports, and the way out. */

import { useState } from 'react';

import { cancel } from './backup';
import type { Job } from './useJob';

export function ProgressPanel({ job }: { job: Job }) {
  const [isStopping, setStopping] = useState(false);
  return (
    <section id="progress" className="card progress" role="status">
      <div className="row">
        <h2>{job.title}</h2>
        <span className="percentage">{Math.floor(job.percentage)} %</span>
      </div>
      <progress max={100} value={job.percentage} aria-label={job.title} />
      <div className="row">
        <p>{isStopping ? 'Stopping…' : job.message || 'Starting…'}</p>
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
