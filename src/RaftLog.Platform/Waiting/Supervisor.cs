namespace RaftLog.Platform.Waiting;

/// <summary>
/// Owns the loops of a node that nobody awaits. A loop that ends with an exception halts the node with the loop's name: no failure goes
/// unseen, and no node runs on with half of its loops. A loop that returns is done.
/// </summary>
public sealed class Supervisor(IProcess process)
{
    private readonly Lock _lock = new();
    private readonly List<TaskCompletionSource> _idle = [];
    private readonly SortedDictionary<string, int> _names = new(StringComparer.Ordinal);
    private int _running;

    /// <summary>The number of loops that have not ended.</summary>
    public int Running
    {
        get
        {
            lock (_lock)
            {
                return _running;
            }
        }
    }

    /// <summary>The names of the loops that have not ended, for people.</summary>
    public string Unfinished
    {
        get
        {
            lock (_lock)
            {
                return string.Join(", ", _names.Select(static each => each.Value > 1 ? $"{each.Key} ({each.Value})" : each.Key));
            }
        }
    }

    /// <summary>Starts a loop in the caller's synchronization context, or else on the pool; it has not begun when this returns.</summary>
    /// <param name="name">The loop's name in the node's last words.</param>
    /// <param name="loop">The loop.</param>
    public void Run(string name, Func<Task> loop)
    {
        Begin(name);
        _ = WatchLaterAsync(name, loop);
    }

    /// <summary>As <see cref="Run"/>, but begins at once: this returns when the loop waits for the first time.</summary>
    /// <param name="name">The loop's name in the node's last words.</param>
    /// <param name="loop">The loop.</param>
    public void RunHere(string name, Func<ValueTask> loop)
    {
        Begin(name);
        _ = WatchAsync(name, loop);
    }

    /// <summary>Completes when every loop has ended: the last step of a clean stop, after the loops were told to end.</summary>
    public Task WhenIdleAsync()
    {
        lock (_lock)
        {
            if (_running == 0)
            {
                return Task.CompletedTask;
            }

            TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _idle.Add(idle);
            return idle.Task;
        }
    }

    private void Begin(string name)
    {
        lock (_lock)
        {
            _running++;
            _names[name] = _names.GetValueOrDefault(name) + 1;
        }
    }

    private async Task WatchLaterAsync(string name, Func<Task> loop)
    {
        await Task.Yield();
        await WatchAsync(name, () => new ValueTask(loop()));
    }

    private async Task WatchAsync(string name, Func<ValueTask> loop)
    {
        try
        {
            await loop();
        }
        catch (DiskException e)
        {
            process.Halt($"{name} failed: {e.Message}. {DiskException.Remedy}");
        }
        catch (Exception e)
        {
            process.Halt($"{name} failed: {e}");
        }

        lock (_lock)
        {
            _running--;
            if (--_names[name] == 0)
            {
                _names.Remove(name);
            }

            if (_running > 0)
            {
                return;
            }

            foreach (TaskCompletionSource idle in _idle)
            {
                idle.SetResult();
            }

            _idle.Clear();
        }
    }
}
