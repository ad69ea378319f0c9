using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>Takes the bytes of pieces step by step.</summary>
internal sealed class PieceReader(IReadOnlyList<SendPiece> pieces)
{
    private int _piece;
    private int _offset;

    internal bool IsAtEnd => _piece == pieces.Count;

    /// <summary>The next bytes, at most so many.</summary>
    internal byte[] Next(int most)
    {
        long left = -_offset;
        for (int i = _piece; i < pieces.Count && left < most; i++)
        {
            left += pieces[i].Length;
        }

        byte[] step = new byte[Math.Min(left, most)];
        for (int at = 0; at < step.Length || (_piece < pieces.Count && pieces[_piece].Length == 0); )
        {
            int taken = pieces[_piece].CopyTo(_offset, step.AsSpan(at));
            at += taken;
            _offset += taken;
            if (_offset == pieces[_piece].Length)
            {
                _piece++;
                _offset = 0;
            }
        }

        return step;
    }
}
