namespace RaftLog.Metadata;

/// <summary>What a request names more than once.</summary>
/// <typeparam name="T">What is named.</typeparam>
internal sealed class Repetitions<T>
{
    private readonly SortedSet<T> _repeated;

    public Repetitions(IEnumerable<T> named, IComparer<T>? order = null)
    {
        SortedSet<T> seen = new(order);
        _repeated = new SortedSet<T>(named.Where(each => !seen.Add(each)), order);
    }

    /// <summary>The repeated names, each once, in their order.</summary>
    public IEnumerable<T> All => _repeated;

    public bool Contain(T each) => _repeated.Contains(each);
}
