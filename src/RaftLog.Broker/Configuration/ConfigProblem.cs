namespace RaftLog.Broker.Configuration;

/// <summary>One thing that is wrong in a configuration, told to the person who wrote it.</summary>
/// <param name="Where">File and line, or file and node.</param>
/// <param name="Key">The key.</param>
/// <param name="Value">The value, or null when the key is missing.</param>
/// <param name="Meaning">What is wrong.</param>
/// <param name="Fix">What to do.</param>
public sealed record ConfigProblem(string Where, string Key, string? Value, string Meaning, string Fix)
{
    /// <summary>The problem in one line.</summary>
    public override string ToString() =>
        $"{Where}: {Key}{(Value is null ? "" : $" = {Value}")}: {Meaning}. Fix: {Fix}{(Fix.EndsWith('?') ? "" : ".")}";
}
