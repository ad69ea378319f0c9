namespace RaftLog.TestKit;

/// <summary>
/// A property that FsCheck holds against random cases. A failure prints its seed; <c>RAFTLOG_PROPERTY_SEED</c> with that text plays it
/// again. <c>RAFTLOG_PROPERTY_FACTOR</c> multiplies the number of cases of every property; 1 where it is not set.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PropertyAttribute : FsCheck.Xunit.PropertyAttribute
{
    private const int Cases = 100;

    private static readonly int Factor =
        int.TryParse(Environment.GetEnvironmentVariable("RAFTLOG_PROPERTY_FACTOR"), out int factor) && factor > 0 ? factor : 1;

    /// <summary>A property of this many cases, times the factor.</summary>
    public PropertyAttribute(int cases = Cases)
    {
        MaxTest = cases * Factor;
        QuietOnSuccess = true;
        if (Environment.GetEnvironmentVariable("RAFTLOG_PROPERTY_SEED") is { Length: > 0 } seed)
        {
            Replay = seed;
        }
    }

    /// <summary>A seed that every run of the usual size takes; with a factor or a seed from outside, new cases are drawn.</summary>
    public string? UsualSeed
    {
        get;
        set
        {
            field = value;
            Replay ??= Factor == 1 ? value : null;
        }
    }
}
