"""How fast `tinygrad_mlp` is, compared with others that do the same work.

    python -m tests.benchmarks              # from the project's root, on an idle machine
    python -m tests.benchmarks --smallest   # takes seconds: only to see that it works

Every number is a ratio of two contenders that were measured in turn, round by round, each in a
fresh process with the same threads, data, initial weights, batches and number of steps. What
they compute is compared too: a contender that ends at a different loss has not done the same work.

- `jobs.py` says what is measured, who takes part, and what the goals are.
- `contenders/` has a file for each framework: the jobs as its users would write them.
- `worker.py` is one contender doing one job; `driver.py` starts the workers, round by round.
- `inputs.py` draws the data that all of them get; `timing.py` has the clock and the memory gauge.
- `table.py` makes ratios and the table; `growth.py` measures and draws how costs grow;
  `machine.py` describes where they ran.
- `costs.py` is a command of its own: it looks for what costs more than its size explains.
"""
