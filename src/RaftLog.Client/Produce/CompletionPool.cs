namespace RaftLog.Client.Produce;

/// <summary>Completions that wait to be used again; more than these go to the garbage collector.</summary>
internal sealed class CompletionPool
{
    private const int MaxSpare = 1 << 16;

    private readonly Lock _lock = new();
    private readonly Stack<RecordCompletion> _spare = new();

    public RecordCompletion Rent()
    {
        lock (_lock)
        {
            if (_spare.TryPop(out RecordCompletion? spare))
            {
                return spare;
            }
        }

        return new RecordCompletion(this);
    }

    public void Return(RecordCompletion completion)
    {
        lock (_lock)
        {
            if (_spare.Count < MaxSpare)
            {
                _spare.Push(completion);
            }
        }
    }
}
