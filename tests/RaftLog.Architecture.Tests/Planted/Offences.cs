using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Threading.Channels;

// Each type breaks one rule on purpose: the rules are tested on them.
#pragma warning disable CA1822, CA1823, CA2008, CA2016, IDE0044, IDE0051, IDE0052, IDE1006, CS0169, CS0414, CS0649, xUnit1013

namespace RaftLog.Architecture.Tests.Planted;

internal static class FlushesByRandomAccess
{
    internal static void Do(Microsoft.Win32.SafeHandles.SafeFileHandle file) => RandomAccess.FlushToDisk(file);
}

internal static class FlushesByStream
{
    internal static void Do(FileStream file) => file.Flush(true);
}

internal static class FlushesTheStreamsBufferOnly
{
    internal static void Do(FileStream file) => file.Flush();
}

internal static class Catches
{
    internal static int Do(string text)
    {
        try
        {
            return int.Parse(text);
        }
        catch (FormatException)
        {
            return 0;
        }
    }
}

internal static class Locks
{
    private static readonly object Gate = new();

    internal static void Do()
    {
        lock (Gate) { }
    }
}

internal static class Awaits
{
    internal static async Task Do() => await Task.Yield();
}

internal static class SignsWithAStream
{
    internal static int Do(Stream? stream) => stream is null ? 0 : 1;
}

internal static class ReadsTheClock
{
    internal static long Do() => DateTime.UtcNow.Ticks;
}

internal static class TicksTheStopwatch
{
    internal static long Do() => Stopwatch.GetTimestamp();
}

internal static class MakesAGuid
{
    internal static Guid Do() => Guid.NewGuid();
}

internal static class DrawsChance
{
    internal static int Do() => new Random(1).Next();
}

internal static class DrawsEntropy
{
    internal static int Do() => RandomNumberGenerator.GetInt32(6);
}

internal static class ReadsTheEnvironment
{
    internal static string Do() => Environment.MachineName;
}

internal static class OrdersByHash
{
    internal static int Do() => System.Collections.Immutable.ImmutableDictionary<string, int>.Empty.Count;
}

internal static class SharesByConcurrency
{
    internal static int Do() => new ConcurrentDictionary<int, int>().Count;
}

internal static class LeavesTheContext
{
    internal static async Task Do(Task<int> task) => await task.ConfigureAwait(false);
}

internal static class RunsOnThePool
{
    internal static Task Do() => Task.Run(() => { });
}

internal static class QueuesToThePool
{
    internal static void Do() => ThreadPool.QueueUserWorkItem(_ => { });
}

internal static class DelaysByTheSystemClock
{
    internal static Task Do() => Task.Delay(5);
}

internal static class DelaysByAGivenClock
{
    internal static Task Do(TimeProvider time) => Task.Delay(TimeSpan.FromSeconds(1), time);
}

internal static class TimesByTheSystemClock
{
    internal static PeriodicTimer Do() => new(TimeSpan.FromSeconds(1));
}

internal static class TimesOutByTheSystemClock
{
    internal static CancellationTokenSource Do() => new(TimeSpan.FromSeconds(1));
}

internal static class CancelsByHand
{
    internal static CancellationTokenSource Do(TimeProvider time)
    {
        new CancellationTokenSource().Cancel();
        return new CancellationTokenSource(TimeSpan.FromSeconds(1), time);
    }
}

internal static class BlocksOnAResult
{
    internal static int Do(Task<int> task) => task.Result;
}

internal static class BlocksOnASemaphore
{
    internal static async Task Do(SemaphoreSlim semaphore) => await semaphore.WaitAsync(TimeSpan.FromSeconds(1));
}

internal static class AwaitsASemaphore
{
    internal static async Task Do(SemaphoreSlim semaphore) => await semaphore.WaitAsync();
}

internal static class ReadsAllOfAChannel
{
    internal static IAsyncEnumerable<int> Do(ChannelReader<int> reader) => reader.ReadAllAsync();
}

internal static class AwaitsTheFirst
{
    internal static async Task Do(Task one, Task two) => await Task.WhenAny(one, two);
}

internal static class OwnsAThread
{
    internal static void Do() => new Thread(() => { }).Start();
}

internal static class OpensAFile
{
    internal static bool Do() => File.Exists("/");
}

internal static class OpensASocket
{
    internal static bool Do() => System.Net.Sockets.Socket.OSSupportsIPv6;
}

internal static class TakesTheSystemClock
{
    internal static TimeProvider Do() => TimeProvider.System;
}

internal static class EndsTheProcess
{
    internal static void Do() => Environment.FailFast("");
}

internal static class KeepsState
{
    internal static int Count;
}

internal static class KeepsAProperty
{
    internal static int Count { get; set; }
}

internal static class KeepsAChangingObject
{
    internal static readonly ConcurrentDictionary<int, int> All = [];
}

internal static class KeepsConstants
{
    internal const int One = 1;
    internal static readonly int Two = 2;
    private static readonly int[] Three = [1, 2, 3];

    internal static int Four { get; } = 4;

    internal static Func<int, int> CachedLambda => x => x + Three.Length;
}
