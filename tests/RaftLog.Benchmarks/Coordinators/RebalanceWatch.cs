namespace RaftLog.Benchmarks.Coordinators;

/// <summary>What the members of one group were given, and when together they had every partition again.</summary>
/// <param name="partitions">How many partitions there are.</param>
internal sealed class RebalanceWatch(int partitions)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, (int Generation, int Partitions)> _given = [];
    private TaskCompletionSource<long> _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends with the timestamp of the last assignment, when all members of one generation own all partitions.</summary>
    public Task<long> Complete
    {
        get
        {
            lock (_lock)
            {
                return _complete.Task;
            }
        }
    }

    /// <summary>A member owns as many partitions.</summary>
    /// <param name="member">Its number.</param>
    /// <param name="generation">The generation that gave them; the same for all where the protocol has none.</param>
    /// <param name="count">How many.</param>
    public void Own(int member, int generation, int count)
    {
        lock (_lock)
        {
            _given[member] = (generation, count);
            if (_given.Values.All(each => each.Generation == generation) && _given.Values.Sum(static each => each.Partitions) == partitions)
            {
                _complete.TrySetResult(TimeProvider.System.GetTimestamp());
            }
        }
    }

    /// <summary>A member is about to leave: the next rebalance begins.</summary>
    public void Leave(int member)
    {
        lock (_lock)
        {
            _given.Remove(member);
            _complete = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Who owns how many, for the message of a run that does not come to its end.</summary>
    public string Describe()
    {
        lock (_lock)
        {
            return $"{_given.Values.Sum(static each => each.Partitions)} of {partitions} partitions are owned by {_given.Count} members, "
                + $"in {_given.Values.Select(static each => each.Generation).Distinct().Count()} generations";
        }
    }

    /// <summary>A member has failed, and with it the run.</summary>
    public void Fail(Exception why)
    {
        lock (_lock)
        {
            _complete.TrySetException(why);
        }
    }
}
