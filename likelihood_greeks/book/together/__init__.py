"""Trades valued under several laws on the same draws: what they differ by has the error of joint samples."""
