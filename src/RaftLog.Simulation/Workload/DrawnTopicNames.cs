namespace RaftLog.Simulation;

/// <summary>The names that administrators contend for: a few at a time, each for some operations.</summary>
public sealed class DrawnTopicNames
{
    private const int Active = 4;
    private const int OperationsEach = 30;
    private const string Prefix = "m-";

    private readonly Lock _lock = new();
    private readonly List<string> _all = [];
    private readonly List<(string Name, int Left)> _active = [];

    /// <summary>True for a name that topics may have had one after the other.</summary>
    internal static bool IsReused(string topic) => topic.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Every name so far.</summary>
    public IReadOnlyList<string> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _all];
            }
        }
    }

    /// <summary>A name for one operation.</summary>
    /// <param name="choice">Which of the active ones: any number.</param>
    public string Next(int choice)
    {
        lock (_lock)
        {
            while (_active.Count < Active)
            {
                string fresh = $"{Prefix}{_all.Count}";
                _all.Add(fresh);
                _active.Add((fresh, OperationsEach));
            }

            int index = choice % Active;
            (string name, int left) = _active[index];
            _active[index] = (name, left - 1);
            if (left == 1)
            {
                _active.RemoveAt(index);
            }

            return name;
        }
    }
}
