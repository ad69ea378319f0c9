namespace RaftLog.Benchmarks.Load;

/// <summary>What <c>producer-perf</c> measured.</summary>
/// <param name="Throughput">MiB a second of record values, from the first send to the last response.</param>
/// <param name="P50">Half of the responses came within this many milliseconds.</param>
/// <param name="P99">The same for 99 of 100.</param>
/// <param name="P999">The same for 999 of 1000.</param>
/// <param name="Max">The slowest answer in milliseconds.</param>
internal sealed record ProduceFigures(double Throughput, double P50, double P99, double P999, double Max);
