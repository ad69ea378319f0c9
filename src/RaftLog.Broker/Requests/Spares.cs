namespace RaftLog.Broker.Requests;

/// <summary>
/// Objects that are taken one after the other, and all taken back at once to be taken again. As many are kept as were ever taken at once.
/// </summary>
internal sealed class Spares<T>
    where T : class, new()
{
    private readonly List<T> _all = [];
    private int _taken;

    /// <summary>An object as its last user has left it, or a new one.</summary>
    public T Take()
    {
        if (_taken == _all.Count)
        {
            _all.Add(new T());
        }

        return _all[_taken++];
    }

    /// <summary>Nobody uses any of them any more.</summary>
    public void TakeBack() => _taken = 0;
}
