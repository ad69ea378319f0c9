using System.Globalization;

namespace RaftLog.Cli.Clients.Records;

/// <summary>
/// One line about what has been read, which is written over and over on standard error. Only for people: nothing is written where
/// standard error is no terminal, or where the records themselves go to the same one.
/// </summary>
/// <param name="error">Standard error; null where nothing is to be written.</param>
/// <param name="time">The clock.</param>
internal sealed class ConsumeProgress(TextWriter? error, TimeProvider time)
{
    private const string ToLineStart = "\r";
    private const string EraseRest = "\u001b[K";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly long _start = time.GetTimestamp();
    private long _shown = time.GetTimestamp();
    private bool _isShown;

    /// <summary>The progress for this process's streams.</summary>
    public static ConsumeProgress ForConsole() =>
        new(Console.IsErrorRedirected || !Console.IsOutputRedirected ? null : Console.Error, TimeProvider.System);

    /// <summary>Shows how far it is, where it is time.</summary>
    /// <param name="records">Records so far.</param>
    /// <param name="bytes">Their bytes.</param>
    /// <param name="lag">Offsets that are left; null while unknown.</param>
    public void Show(long records, long bytes, long? lag)
    {
        if (error is not null && time.GetElapsedTime(_shown) >= Interval)
        {
            _shown = time.GetTimestamp();
            _isShown = true;
            error.Write($"{ToLineStart}{Line(records, bytes, lag, time.GetElapsedTime(_start))}{EraseRest}");
        }
    }

    /// <summary>Ends the line.</summary>
    public void End(long records, long bytes)
    {
        if (error is not null && _isShown)
        {
            error.WriteLine($"{ToLineStart}{Line(records, bytes, null, time.GetElapsedTime(_start))}{EraseRest}");
        }
    }

    private static string Line(long records, long bytes, long? lag, TimeSpan elapsed)
    {
        double seconds = Math.Max(elapsed.TotalSeconds, 0.001);
        string left = lag is null ? "" : $", {lag.Value.ToString("N0", CultureInfo.InvariantCulture)} left";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{records:N0} records, {bytes / 1048576.0:N1} MiB, {records / seconds:N0} records/s{left}"
        );
    }
}
