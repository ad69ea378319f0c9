namespace RaftLog.Broker.Configuration;

/// <summary>A node cannot be configured. The message has one line for each problem, all of them at once.</summary>
/// <param name="problems">What is wrong.</param>
public sealed class ConfigurationException(IReadOnlyList<ConfigProblem> problems) : Exception(string.Join('\n', problems))
{
    /// <summary>What is wrong.</summary>
    public IReadOnlyList<ConfigProblem> Problems { get; } = problems;

    internal static void ThrowIfAny(List<ConfigProblem> problems)
    {
        if (problems.Count > 0)
        {
            throw new ConfigurationException(problems);
        }
    }
}
