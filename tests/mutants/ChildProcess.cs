using System.Diagnostics;

namespace RaftLog.Mutants;

/// <summary>Runs programs and takes what they print.</summary>
internal static class ChildProcess
{
    /// <summary>
    /// The exit code, null when the program took longer than its limit and was ended with all that it had started, and what it printed.
    /// </summary>
    /// <param name="folder">Where it runs.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="mutant">The number of the mutant that is switched on in it; null for none.</param>
    /// <param name="words">The program and its arguments.</param>
    /// <param name="stop">Ends it, too.</param>
    public static async Task<(int? ExitCode, string Output)> RunAsync(
        string folder,
        TimeSpan limit,
        int? mutant,
        IReadOnlyList<string> words,
        CancellationToken stop
    )
    {
        ProcessStartInfo start = new(words[0], words.Skip(1))
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        if (mutant is { } number)
        {
            start.Environment[MutantGuard.Variable] = $"{number}";
        }

        using var process = Process.Start(start)!;
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(limit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(limited.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            stop.ThrowIfCancellationRequested();
            return (null, "");
        }

        return (process.ExitCode, await output + await errors);
    }
}
