namespace RaftLog.Mutants;

/// <summary>One place of the code, and what stands there instead in a mutant.</summary>
/// <param name="Room">The name of its room.</param>
/// <param name="File">The file, from the repository's root.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Start">Where the changed expression begins in the file, in characters.</param>
/// <param name="Length">How long it is, in characters.</param>
/// <param name="Before">The expression.</param>
/// <param name="After">What stands in its place.</param>
internal sealed record Place(string Room, string File, int Line, int Start, int Length, string Before, string After)
{
    /// <inheritdoc />
    public override string ToString() => $"{File}:{Line}: {OneLine(Before)}  ->  {OneLine(After)}";

    private static string OneLine(string code) => string.Join(' ', code.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
